import type { EventOf } from '../events.js';

/**
 * The number of suspect and unavailable peers that the round left to their own lanes. Those that failed in the round
 * itself are not among them.
 */
export function silentInOtherLanes({
  ok,
  failed,
  peers,
  adopted = 0,
}: Pick<EventOf<'round.finished'>, 'ok' | 'failed' | 'peers' | 'adopted'>): {
  readonly suspect: number;
  readonly unavailable: number;
} {
  if (peers === undefined) return { suspect: 0, unavailable: 0 };
  const judged = peers.available + peers.suspect + peers.unavailable - adopted;
  // A round that was cut short has not checked all of the others either.
  const apart = Math.min(peers.suspect + peers.unavailable, Math.max(0, judged - ok - failed));
  const unavailable = Math.min(peers.unavailable, apart);
  return { suspect: apart - unavailable, unavailable };
}
