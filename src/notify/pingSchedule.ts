import type { SchedulerEvent } from '../events.js';
import { WRITING_VERDICTS } from '../sinks/writeBack.js';
import type { ActiveConditions } from './activeConditions.js';

/** The shortest time between two pings. */
const INTERVAL_MS = 60_000;

/**
 * Decides when dead man's switches are pinged: after each regular round that was written, by the leader, while it is
 * not isolated. After a round that ends too early, the ping follows once a minute has passed.
 */
export class PingSchedule {
  #leads = false;
  #isWritten = true;
  #isDue = false;
  #lastAt = -Infinity;

  constructor(private readonly active: Pick<ActiveConditions, 'isIsolated' | 'conditions'>) {}

  /** Must be called after `ActiveConditions` has accepted the event. */
  accept(event: SchedulerEvent): void {
    switch (event.kind) {
      case 'leader.took':
        this.#leads = true;
        return;
      case 'leader.unwritten':
      case 'leader.standing-by':
      case 'leader.lost':
      case 'leader.other':
        this.#leads = false;
        return;
      case 'redis.failed':
      case 'redis.caught-up':
        if (event.what === WRITING_VERDICTS) this.#isWritten = event.kind === 'redis.caught-up';
        return;
      case 'round.finished':
        if (event.lane === 'regular') this.#isDue = !event.aborted && this.#isHealthy;
        return;
      default:
    }
  }

  /** Whether a ping is due now, by a steady clock in milliseconds. True at most once a minute. */
  take(now: number): boolean {
    if (!this.#isDue || !this.#isHealthy || now - this.#lastAt < INTERVAL_MS) return false;
    this.#isDue = false;
    this.#lastAt = now;
    return true;
  }

  get #isHealthy(): boolean {
    const { isIsolated, conditions } = this.active;
    return this.#leads && this.#isWritten && !isIsolated && !conditions.has('redis');
  }
}
