import type { FailureReason } from '#src/domain/call/reasons.js';
import type { Lane } from '#src/domain/peer/peer.js';
import type { SchedulerEvent } from '#src/events.js';

/** Events as the notifications see them, at so many seconds. */
export const S = 1_000;
export const MIN = 60 * S;

export const heartbeat = (at: number): SchedulerEvent => ({ kind: 'heartbeat', at });

const change =
  (before: 'available' | 'suspect' | 'unavailable', state: 'available' | 'suspect' | 'unavailable') =>
  (uuid: string, at: number): SchedulerEvent => ({
    kind: 'peer.checked',
    lane: 'regular',
    check: { uuid, at, outcome: { ok: true, latencyMs: 1 }, counted: true, before, state, failures: 0 },
  });
export const fell = change('suspect', 'unavailable');
export const rose = change('unavailable', 'available');

export const redisDown = (at: number, reason = 'refused'): SchedulerEvent => ({ kind: 'redis.down', at, reason });
export const redisUp = (at: number): SchedulerEvent => ({ kind: 'redis.up', at });
export const isolated = (at: number, peers = 2): SchedulerEvent => ({
  ...{ kind: 'isolation.began', at, scope: 'public IPv4', peers },
});
export const online = (at: number): SchedulerEvent => ({ kind: 'isolation.ended', at, scope: 'public IPv4' });
export const took = (at: number, afterMs?: number): SchedulerEvent => ({ kind: 'leader.took', at, term: 7, afterMs });
const holder = { token: 'i:8', instance: 'i', term: 8 };
export const standsBy = (at: number): SchedulerEvent =>
  ({ kind: 'leader.standing-by', at, holder }) as unknown as SchedulerEvent;
export const lost = (at: number): SchedulerEvent => ({ kind: 'leader.lost', at, holder }) as unknown as SchedulerEvent;
export const unacknowledged = (uuid: string, at: number, reason: FailureReason = 'timeout'): SchedulerEvent => ({
  ...{ kind: 'announcement.failed', at, uuid, ip: '1.1.1.1', attempts: 1, reason, retryInMs: 1 },
});
export const round = (at: number, over: object = {}): SchedulerEvent => ({
  ...{
    kind: 'round.finished',
    skipped: 0,
    at,
    lane: 'regular',
    round: 1,
    tookMs: 1,
    ok: 1,
    failed: 0,
    aborted: false,
    local: 0,
  },
  ...over,
});

/** The lanes of the peers, as the book would tell them. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  readonly laneOf = (uuid: string): Lane | undefined => this.#lanes.get(uuid);

  /** Every event that changes a lane. */
  note(event: SchedulerEvent): void {
    if (event.kind !== 'peer.checked') return;
    this.#lanes.set(event.check.uuid, event.check.state === 'unavailable' ? 'unavailable' : 'regular');
  }

  remove(uuid: string): void {
    this.#lanes.delete(uuid);
  }
}
