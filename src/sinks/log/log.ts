import type { Logger } from 'winston';
import { NO_CONNECTION } from '../../clients/redisFailure.js';
import type { SchedulerEvent } from '../../events.js';
import type { Sink } from '../sink.js';
import { Transitions } from '../transitions.js';
import { describe } from './describe.js';
import type { Line } from './line.js';

/**
 * Writes what an operator should read; of a standing condition its beginning, each change of its cause, and its end.
 */
export class LogSink implements Sink {
  readonly #conditions = new Transitions();
  readonly #failing = new Set<string>();
  /** Why each step failed last, as it was logged. */
  readonly #reasons = new Map<string, string>();
  #redisDown = false;
  readonly waits = false;

  constructor(private readonly logger: Logger) {}

  accept(event: SchedulerEvent): void {
    if (isRoutine(event) && !this.logger.isDebugEnabled()) return;
    if (event.kind === 'redis.down') this.#redisDown = true;
    if (event.kind === 'redis.up') this.#recovered();
    // A line says that results waited, even where only the outage itself was logged before.
    if (event.kind === 'redis.caught-up') this.#conditions.leave(event.what);
    // That Redis can't be used has been said; what can't be done without it need not be.
    if (event.kind === 'redis.failed') {
      // Without a connection the cause is not known; where one is known already, that still holds.
      if (this.#redisDown || (event.reason === NO_CONNECTION && this.#conditions.isIn(event.what))) return;
      if (this.#isToldElsewhere(event.what, event.reason)) return;
      this.#failing.add(event.what);
      this.#reasons.set(event.what, event.reason);
    }
    for (const line of describe(event)) {
      if (!this.#isNews(line)) continue;
      const { level, message } = line;
      const detail = this.logger.isDebugEnabled() ? { detail: event } : {};
      this.logger.log({ level, message, event: event.kind, ...detail });
    }
  }

  /** The lines are out already. */
  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }

  /** Logged before for this step, while another one goes on failing for the same reason: the step works by turns. */
  #isToldElsewhere(what: string, reason: string): boolean {
    if (this.#reasons.get(what) !== reason) return false;
    return [...this.#reasons].some(([other, its]) => other !== what && its === reason && this.#conditions.isIn(other));
  }

  #isNews({ topic, condition }: Line): boolean {
    if (topic === undefined) return true;
    return condition === undefined ? this.#conditions.leave(topic) : this.#conditions.enter(topic, condition);
  }

  /** What failed for want of Redis is worth a line again the next time. */
  #recovered(): void {
    this.#redisDown = false;
    for (const what of this.#failing) this.#conditions.leave(what);
    this.#failing.clear();
    this.#reasons.clear();
  }
}

/** A check that changes nothing: nearly all that happens, and only of interest at the level debug. */
function isRoutine(event: SchedulerEvent): boolean {
  return event.kind === 'peer.checked' && event.check.state === event.check.before;
}
