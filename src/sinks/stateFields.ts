import { isLineEvidence, type Scope } from '../domain/ip/scope.js';
import type { EventOf, SchedulerEvent } from '../events.js';
import { silentInOtherLanes } from './silentInOtherLanes.js';

export type Fields = Readonly<Record<string, string | number>>;

const NONE: Fields = {};

/** Turns events into the fields that describe a process in Redis. */
export class StateFields {
  readonly #isolated = new Set<Scope>();

  /** The fields that an event changes. */
  of(event: SchedulerEvent): Fields {
    switch (event.kind) {
      case 'round.started':
        return event.lane === 'regular' ? { round: event.round, round_started_at: event.at } : NONE;
      case 'round.finished':
        if (event.lane !== 'regular') return NONE;
        return { round_finished_at: event.at, round_ok: event.ok, round_failed: notAnswered(event) };
      case 'isolation.began':
        if (isLineEvidence(event.peers)) this.#isolated.add(event.scope);
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

/** All callable peers that did not answer: failures of the round, and silent peers of the other lanes. */
function notAnswered(event: EventOf<'round.finished'>): number {
  const { suspect, unavailable } = silentInOtherLanes(event);
  return event.failed + suspect + unavailable;
}
