import type { Logger } from 'winston';
import { NO_CONNECTION } from '../../clients/redisFailure.js';
import type { SchedulerEvent } from '../../events.js';
import type { Sink } from '../sink.js';
import { Transitions } from '../transitions.js';
import { describe } from './describe.js';
import type { Line } from './line.js';

/** Writes the log. A lasting condition is logged when it begins, when its cause changes, and when it ends. */
export class LogSink implements Sink {
  readonly #conditions = new Transitions();
  readonly #failing = new Set<string>();
  /** The last logged failure of each step. */
  readonly #reasons = new Map<string, string>();
  #redisDown = false;
  readonly hasUnwritten = false;

  constructor(private readonly logger: Logger) {}

  accept(event: SchedulerEvent): void {
    if (isRoutine(event) && !this.#isDebug) return;
    if (event.kind === 'redis.down') this.#redisDown = true;
    if (event.kind === 'redis.up') this.#recovered();
    // This line says that results were waiting, so it is logged even if only the outage itself was logged before.
    if (event.kind === 'redis.caught-up') this.#conditions.leave(event.what);
    // The log already reports that Redis is unusable, so failures that follow from it are left out.
    if (event.kind === 'redis.failed') {
      // A lost connection hides the cause. A cause that is known already remains valid.
      if (this.#redisDown || (event.reason === NO_CONNECTION && this.#conditions.isIn(event.what))) return;
      if (this.#isAlreadyReported(event.what, event.reason)) return;
      this.#failing.add(event.what);
      this.#reasons.set(event.what, event.reason);
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
   * Whether this failure was logged before and another step still fails for the same reason, while this step fails
   * only at times.
   */
  #isAlreadyReported(what: string, reason: string): boolean {
    if (this.#reasons.get(what) !== reason) return false;
    return [...this.#reasons].some(([other, its]) => other !== what && its === reason && this.#conditions.isIn(other));
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
    this.#reasons.clear();
  }
}

/** A check without a change of state. Nearly all events are of this kind, and only the debug level logs them. */
function isRoutine(event: SchedulerEvent): boolean {
  return event.kind === 'peer.checked' && event.check.state === event.check.before;
}
