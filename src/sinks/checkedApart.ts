import type { EventOf } from '../events.js';

/**
 * Of the peers that do not answer those that the round left to the lanes of their own: a suspect or an unavailable one that
 * failed in the round itself is among its failures.
 */
export function checkedApart({
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
  // A round that was cut short has not met all the others either.
  const apart = Math.min(peers.suspect + peers.unavailable, Math.max(0, judged - ok - failed));
  const unavailable = Math.min(peers.unavailable, apart);
  return { suspect: apart - unavailable, unavailable };
}
