import type { Scope } from '../domain/ip/scope.js';
import type { EventOf, SchedulerEvent } from '../events.js';
import { checkedApart } from './checkedApart.js';

export type Fields = Readonly<Record<string, string | number>>;

const NONE: Fields = {};

/** What the events say of the state of a process, as the fields that Redis gets. */
export class StateFields {
  readonly #isolated = new Set<Scope>();

  /** What an event changes. */
  of(event: SchedulerEvent): Fields {
    switch (event.kind) {
      case 'round.started':
        return event.lane === 'regular' ? { round: event.round, round_started_at: event.at } : NONE;
      case 'round.finished':
        if (event.lane !== 'regular') return NONE;
        return { round_finished_at: event.at, round_ok: event.ok, round_failed: notAnswered(event) };
      case 'isolation.began':
        // One peer alone says nothing of a line.
        if (event.peers >= 2) this.#isolated.add(event.scope);
        return this.#isolation();
      case 'isolation.ended':
        this.#isolated.delete(event.scope);
        return this.#isolation();
      default:
        return NONE;
    }
  }

  #isolation(): Fields {
    return { isolated: this.#isolated.size > 0 ? 1 : 0 };
  }
}

/** All that could be called and did not answer: those that failed in the round, and those that are checked apart. */
function notAnswered(event: EventOf<'round.finished'>): number {
  const { suspect, unavailable } = checkedApart(event);
  return event.failed + suspect + unavailable;
}
