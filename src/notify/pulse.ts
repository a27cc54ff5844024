import type { SchedulerEvent } from '../events.js';
import { WRITING_VERDICTS } from '../sinks/writeBack.js';
import type { ActiveConditions } from './activeConditions.js';

/** The shortest time between two pings. */
const EVERY_MS = 60_000;

/**
 * Decides when dead man's switches are pinged: after each regular round that was written, by the leader, while it is
 * not isolated. After a round that ends too early, the ping follows once a minute has passed.
 */
export class Pulse {
  #leads = false;
  #isWritten = true;
  #isOwed = false;
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
        if (event.lane === 'regular') this.#isOwed = !event.aborted && this.#isWell;
        return;
      default:
    }
  }

  /** Whether a ping is due now, by a steady clock in milliseconds. True at most once a minute. */
  take(now: number): boolean {
    if (!this.#isOwed || !this.#isWell || now - this.#lastAt < EVERY_MS) return false;
    this.#isOwed = false;
    this.#lastAt = now;
    return true;
  }

  get #isWell(): boolean {
    const { isIsolated, conditions } = this.active;
    return this.#leads && this.#isWritten && !isIsolated && !conditions.has('redis');
  }
}
