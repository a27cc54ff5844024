import type { Logger } from 'winston';
import { NO_CONNECTION } from '../../clients/redisFailure.js';
import type { EventOf, SchedulerEvent } from '../../events.js';
import type { Sink } from '../sink.js';
import { Transitions } from '../transitions.js';
import { describe } from './describe.js';
import type { Line } from './line.js';

/** A step that fails again so soon, or for no longer, only works by turns. */
const TURN_MS = 60_000;

/** The last spell in which a step failed, or the one that it is in. */
interface Spell {
  readonly began: number;
  /** Undefined while it lasts. */
  readonly ended: number | undefined;
  /** When the one before it ended, -Infinity where there was none. */
  readonly before: number;
  /** Why the step failed, as it was logged last. */
  readonly told: string | undefined;
}

/**
 * Writes what an operator should read; of a standing condition its beginning, each change of its cause, and its end.
 */
export class LogSink implements Sink {
  readonly #conditions = new Transitions();
  readonly #failing = new Set<string>();
  readonly #spells = new Map<string, Spell>();
  #redisDown = false;
  readonly waits = false;

  constructor(private readonly logger: Logger) {}

  accept(event: SchedulerEvent): void {
    if (isRoutine(event) && !this.logger.isDebugEnabled()) return;
    if (event.kind === 'redis.down') this.#redisDown = true;
    if (event.kind === 'redis.up') this.#recovered();
    // A line says that results waited, even where only the outage itself was logged before.
    if (event.kind === 'redis.caught-up') this.#conditions.leave(event.what);
    if (event.kind === 'redis.caught-up' || event.kind === 'redis.worked') this.#ended(event.what, event.at);
    // That Redis can't be used has been said; what can't be done without it need not be.
    if (event.kind === 'redis.failed') {
      // Without a connection the cause is not known; where one is known already, that still holds.
      if (this.#redisDown || (event.reason === NO_CONNECTION && this.#conditions.isIn(event.what))) return;
      if (this.#failsByTurns(event)) return;
      this.#failing.add(event.what);
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

  /**
   * Notes a failure. Returns whether it need not be told: the step has just worked for a moment, and that it fails for this
   * reason was told, while another one goes on failing for the same.
   */
  #failsByTurns({ what, reason, at }: EventOf<'redis.failed'>): boolean {
    const last = this.#spells.get(what) ?? { began: at, ended: undefined, before: -Infinity, told: undefined };
    const spell = last.ended === undefined ? last : { ...last, began: at, ended: undefined, before: last.ended };
    const isShort = spell.began - spell.before < TURN_MS && at - spell.began < TURN_MS;
    const byTurns = isShort && spell.told === reason && !this.#conditions.isIn(what) && this.#othersFailFor(reason);
    this.#spells.set(what, byTurns ? spell : { ...spell, told: reason });
    return byTurns;
  }

  #othersFailFor(reason: string): boolean {
    return [...this.#spells].some(([step, { told }]) => told === reason && this.#conditions.isIn(step));
  }

  #ended(what: string, at: number): void {
    const spell = this.#spells.get(what);
    if (spell !== undefined && spell.ended === undefined) this.#spells.set(what, { ...spell, ended: at });
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
    this.#spells.clear();
  }
}

/** A check that changes nothing: nearly all that happens, and only of interest at the level debug. */
function isRoutine(event: SchedulerEvent): boolean {
  return event.kind === 'peer.checked' && event.check.state === event.check.before;
}
