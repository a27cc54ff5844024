import type { Logger } from 'winston';
import { NO_CONNECTION } from '../../clients/redisFailure.js';
import type { EventOf, SchedulerEvent } from '../../events.js';
import type { Sink } from '../sink.js';
import { Transitions } from '../transitions.js';
import { describe } from './describe.js';
import type { Line } from './line.js';

/** A step that fails again sooner than this, and for a shorter time, is said to fail only at times. */
const SHORT_MS = 60_000;

/** The current or last period in which a step failed. */
interface FailurePeriod {
  readonly began: number;
  /** Undefined while it lasts. */
  readonly ended: number | undefined;
  /** The end of the period before it, or -Infinity if there was none. */
  readonly previousEnd: number;
  /** The last logged failure of the step. */
  readonly logged: string | undefined;
}

/** Writes the log. A lasting condition is logged when it begins, when its cause changes, and when it ends. */
export class LogSink implements Sink {
  readonly #conditions = new Transitions();
  readonly #failing = new Set<string>();
  readonly #periods = new Map<string, FailurePeriod>();
  #redisDown = false;
  readonly hasUnwritten = false;

  constructor(private readonly logger: Logger) {}

  accept(event: SchedulerEvent): void {
    if (isRoutine(event) && !this.#isDebug) return;
    if (event.kind === 'redis.down') this.#redisDown = true;
    if (event.kind === 'redis.up') this.#recovered();
    // This line says that results were waiting, so it is logged even if only the outage itself was logged before.
    if (event.kind === 'redis.caught-up') this.#conditions.leave(event.what);
    if (event.kind === 'redis.caught-up' || event.kind === 'redis.worked') this.#ended(event.what, event.at);
    // The log already reports that Redis is unusable, so failures that follow from it are left out.
    if (event.kind === 'redis.failed') {
      // A lost connection hides the cause. A cause that is known already remains valid.
      if (this.#redisDown || (event.reason === NO_CONNECTION && this.#conditions.isIn(event.what))) return;
      if (this.#isAlreadyReported(event)) return;
      this.#failing.add(event.what);
    }
    for (const line of describe(event)) {
      if (!this.#isNew(line)) continue;
      const { level, message } = line;
      const detail = this.#isDebug ? { detail: event } : {};
      this.logger.log({ level, message, event: event.kind, ...detail });
    }
  }

  /** `isDebugEnabled` looks at each transport, which is too slow for every check. */
  get #isDebug(): boolean {
    return this.logger.level === 'debug';
  }

  /** Every line is written at once. */
  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }

  /**
   * Records a failure. Returns true if the log has this failure already: another step still fails for the same reason,
   * and this step fails only at times.
   */
  #isAlreadyReported({ what, reason, at }: EventOf<'redis.failed'>): boolean {
    const last = this.#periods.get(what) ?? { began: at, ended: undefined, previousEnd: -Infinity, logged: undefined };
    const period = last.ended === undefined ? last : { ...last, began: at, ended: undefined, previousEnd: last.ended };
    const isShort = period.began - period.previousEnd < SHORT_MS && at - period.began < SHORT_MS;
    const isReported = isShort && period.logged === reason && !this.#conditions.isIn(what) && this.#anyFailsFor(reason);
    this.#periods.set(what, isReported ? period : { ...period, logged: reason });
    return isReported;
  }

  #anyFailsFor(reason: string): boolean {
    return [...this.#periods].some(([step, { logged }]) => logged === reason && this.#conditions.isIn(step));
  }

  #ended(what: string, at: number): void {
    const period = this.#periods.get(what);
    if (period !== undefined && period.ended === undefined) this.#periods.set(what, { ...period, ended: at });
  }

  #isNew({ topic, condition }: Line): boolean {
    if (topic === undefined) return true;
    return condition === undefined ? this.#conditions.leave(topic) : this.#conditions.enter(topic, condition);
  }

  /** After a recovery, the next failure of these steps is logged again. */
  #recovered(): void {
    this.#redisDown = false;
    for (const what of this.#failing) this.#conditions.leave(what);
    this.#failing.clear();
    this.#periods.clear();
  }
}

/** A check without a change of state. Nearly all events are of this kind, and only the debug level logs them. */
function isRoutine(event: SchedulerEvent): boolean {
  return event.kind === 'peer.checked' && event.check.state === event.check.before;
}
