import { latencyCode, latencyOf } from '../domain/history.js';
import { SCOPES, type Scope } from '../domain/ip/scope.js';
import { laneOf } from '../domain/peer/health.js';
import type { Lane, PeerState } from '../domain/peer/peer.js';
import type { PeerBook } from '../state/peerBook.js';
import type { PeerRow } from '../state/peerRow.js';

/** A summary of all consumers at one time. Times are Unix milliseconds. */
export interface Census {
  readonly at: number;
  readonly lanes: Readonly<Record<Lane, { readonly peers: number; readonly oldestCheckAt: number | undefined }>>;
  readonly failing: readonly { readonly reason: string; readonly count: number }[];
  /** Judged consumers, and how many of them have called us since the given time. Undefined if no consumer ever has. */
  readonly callers: { readonly count: number; readonly of: number; readonly lastAt: number } | undefined;
  /** Judged consumers that have answered since the given time. */
  readonly answeredSince: { readonly count: number; readonly of: number };
  readonly scopes: ReadonlyMap<Scope, { readonly peers: number; readonly lastAnswerAt: number | undefined }>;
  /** The latency in milliseconds that the given fraction of last answers did not exceed. */
  readonly percentile: (share: number) => number | undefined;
}

const SECOND_MS = 1_000;
const CODES = 256;

export interface CensusSince {
  /** Count calls to us since this time. */
  readonly called: number;
  /** Count answers since this time. */
  readonly answered: number;
}

/** Computes the census in one pass over the book. */
export function census(book: Pick<PeerBook, 'entries'>, at: number, since: CensusSince): Census {
  const lanes = {
    regular: { peers: 0, oldestCheckAt: Infinity },
    suspect: { peers: 0, oldestCheckAt: Infinity },
    pending: { peers: 0, oldestCheckAt: Infinity },
    unavailable: { peers: 0, oldestCheckAt: Infinity },
  };
  const reasons = new Map<string, number>();
  const scopes = SCOPES.map(() => ({ peers: 0, lastAnswerS: 0 }));
  const latencies = new Uint32Array(CODES);
  const nowS = Math.floor(at / SECOND_MS);
  let [judged, called, lastCalledS, everCalled, answered, timed] = [0, 0, 0, false, 0, 0];
  for (const [, row] of book.entries()) {
    if (row.calledS > 0) everCalled = true;
    // The clock of the API may be ahead of ours.
    lastCalledS = Math.max(lastCalledS, Math.min(row.calledS, nowS));
    if (row.fault !== null) continue;
    const lane = lanes[laneOf(row.health)];
    lane.peers += 1;
    if (row.checkedAt > 0 && row.checkedAt < lane.oldestCheckAt) lane.oldestCheckAt = row.checkedAt;
    const scope = scopes[row.scope];
    if (scope !== undefined) {
      scope.peers += 1;
      scope.lastAnswerS = Math.max(scope.lastAnswerS, row.okS);
    }
    const { state } = row.health;
    if (state === undefined) continue;
    judged += 1;
    // The book stores times in seconds.
    if (row.calledS > 0 && row.calledS * SECOND_MS + SECOND_MS > since.called) called += 1;
    if (row.okS > 0 && row.okS * SECOND_MS + SECOND_MS > since.answered) answered += 1;
    if (state !== 'available' && row.error !== null) reasons.set(row.error, (reasons.get(row.error) ?? 0) + 1);
    if (state === 'available' && row.okS > 0) {
      const code = latencyCode(row.latencyMs);
      latencies[code] = (latencies[code] ?? 0) + 1;
      timed += 1;
    }
  }
  const laneFound = (lane: Lane) => {
    const { peers, oldestCheckAt } = lanes[lane];
    return { peers, oldestCheckAt: oldestCheckAt === Infinity ? undefined : oldestCheckAt };
  };
  return {
    at,
    lanes: {
      regular: laneFound('regular'),
      suspect: laneFound('suspect'),
      pending: laneFound('pending'),
      unavailable: laneFound('unavailable'),
    },
    failing: [...reasons].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count),
    callers: everCalled ? { count: called, of: judged, lastAt: lastCalledS * SECOND_MS } : undefined,
    answeredSince: { count: answered, of: judged },
    scopes: new Map(
      SCOPES.flatMap((scope, i) => {
        const { peers = 0, lastAnswerS = 0 } = scopes[i] ?? {};
        return peers === 0
          ? []
          : [[scope, { peers, lastAnswerAt: lastAnswerS === 0 ? undefined : lastAnswerS * SECOND_MS }]];
      }),
    ),
    percentile: (share) => percentile(latencies, timed, share),
  };
}

function percentile(latencies: Uint32Array, total: number, share: number): number | undefined {
  if (total === 0) return undefined;
  let left = Math.ceil(share * total);
  return latencyOf(latencies.findIndex((count) => (left -= count) <= 0)) ?? undefined;
}

/** The state of a consumer, as in the metrics and the API. */
export type ConsumerState = PeerState | 'pending' | 'denied' | 'invalid';

export function stateOf({ fault, health }: Pick<PeerRow, 'fault' | 'health'>): ConsumerState {
  if (fault !== null) return fault === 'address-denied' ? 'denied' : 'invalid';
  return health.state ?? 'pending';
}
