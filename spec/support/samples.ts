import type { PeerCounts } from '#src/domain/peer/peer.js';
import type { Holder } from '#src/domain/leader.js';
import type { CheckRecord, EventOf, SchedulerEvent } from '#src/events.js';

type Kind = SchedulerEvent['kind'];
/** What a sample says beside its kind; the time is the same for all. */
type Facts<K extends Kind> = Omit<EventOf<K>, 'kind' | 'at'>;

export const NOW = Date.UTC(2026, 0, 1);

const ip = '203.0.113.7';
const target = 'notify.0 (ntfy)';

const check = (over: Partial<CheckRecord> = {}): Facts<'peer.checked'> => ({
  lane: 'regular',
  check: {
    ...{ uuid: 'a1', at: NOW, outcome: { ok: true, latencyMs: 12 }, counted: true, failures: 0 },
    ...{ before: 'available', state: 'available' },
    ...over,
  },
});
const failed: CheckRecord['outcome'] = { ok: false, reason: 'timeout' };

const NOBODY: PeerCounts = { available: 0, suspect: 0, unavailable: 0, pending: 0, denied: 0, invalid: 0 };
const round = (over: Partial<Facts<'round.finished'>> = {}): Facts<'round.finished'> => ({
  ...{ lane: 'regular', round: 4, tookMs: 1_500, ok: 8, failed: 0, aborted: false, local: 0, skipped: 0 },
  ...over,
});

const UNNAMED: Holder = {
  ...{ token: 'inst-1:7', instance: 'inst-1', shares: false },
  ...{ uuid: undefined, host: undefined, pid: undefined, since: undefined },
};
const HOLDER: Holder = { ...UNNAMED, host: 'nas', pid: 12, since: NOW };

/**
 * At least one event of each kind, and one for each way in which it is worded: each field that may be missing there and
 * not, one of something and several, each reason that has words of its own.
 */
const SAMPLES: { readonly [K in Kind]: readonly [Facts<K>, ...Facts<K>[]] } = {
  'round.started': [
    { lane: 'regular', round: 4 },
    { lane: 'suspect', round: 9 },
  ],
  'round.skipped': [{ lane: 'regular' }, { lane: 'suspect' }, { lane: 'pending' }, { lane: 'unavailable' }],
  'round.finished': [
    round(),
    round({ failed: 2, tookMs: 15 }),
    round({ failed: 2, aborted: true }),
    // Of those that are checked apart some answer; who is neither denied nor malformed can be called.
    round({ peers: { ...NOBODY, available: 7, suspect: 2, unavailable: 1, pending: 1, invalid: 3 }, failed: 1 }),
    round({ peers: { ...NOBODY, available: 8, unavailable: 3, pending: 2 } }),
    round({ peers: { ...NOBODY, available: 2 }, failed: 1 }),
    round({ peers: NOBODY, ok: 0 }),
    round({ peers: { ...NOBODY, available: 8, denied: 1 }, denied: { private: 1 } }),
    round({ peers: { ...NOBODY, available: 8, denied: 6 }, denied: { private: 3, loopback: 1, reserved: 2 } }),
    round({ peers: { ...NOBODY, denied: 1 }, denied: { reserved: 1 }, ok: 0 }),
    round({ peers: { ...NOBODY, denied: 2 }, denied: { reserved: 2 }, ok: 0 }),
    round({ peers: { ...NOBODY, denied: 2 }, denied: { private: 1, reserved: 1 }, ok: 0 }),
    round({ peers: { ...NOBODY, denied: 2 }, ok: 0 }),
    round({ peers: { ...NOBODY, available: 8 }, adopted: 1 }),
    round({ peers: { ...NOBODY, available: 8 }, adopted: 2 }),
    round({ peers: { ...NOBODY, available: 8, denied: 1 }, denied: { private: 1 }, adopted: 0 }),
    // A replica without peers says nothing of the registry, nor does one that only has some that may not be called.
    round({ peers: NOBODY, ok: 0, adopted: 0 }),
    round({ ok: 0, adopted: 0 }),
    round({ local: 1 }),
    round({ skipped: 1, ok: 1, tookMs: 95_000 }),
    round({ skipped: 2, failed: 1, tookMs: 95_000 }),
    round({ lane: 'pending', ok: 3, failed: 1 }),
    round({ lane: 'suspect', ok: 3, failed: 1, tookMs: 15 }),
    round({ lane: 'unavailable', ok: 0, failed: 3, aborted: true }),
  ],
  'peer.checked': [
    check(),
    check({ outcome: failed, failures: 1 }),
    check({ outcome: failed, counted: false }),
    check({ before: undefined }),
    check({ before: undefined, state: undefined, outcome: failed, failures: 1 }),
    check({ before: 'available', state: 'suspect', outcome: failed, failures: 1 }),
    check({ before: 'suspect' }),
    check({ before: 'suspect', state: 'unavailable', outcome: failed, failures: 3 }),
    check({ before: 'unavailable' }),
    check({ before: 'available', state: undefined, outcome: failed }),
    check({ uuid: 'b\u001b[31m', before: undefined }),
  ],
  'peer.undecided': [
    { lane: 'regular', uuid: 'a1', reason: 'timeout' },
    { lane: 'regular', uuid: 'b\u001b[31m', reason: 'timeout' },
  ],
  'peer.discarded': [
    { uuid: 'a1', why: 'clock-gap' },
    { uuid: 'a1', why: 'local' },
  ],
  'peer.malformed': [
    { peer: 'consumer', uuid: 'a1', error: 'address-invalid', detail: 'ip "host.example"' },
    { peer: 'producer', uuid: 'b\u001b[31m', error: 'address-denied', detail: 'ip "10.0.0.1"' },
  ],
  'isolation.began': [
    { scope: 'public IPv4', peers: 20 },
    { scope: 'loopback IPv6', peers: 1 },
  ],
  'isolation.ended': [{ scope: 'public IPv4' }, { scope: 'public IPv4', peers: 1 }, { scope: 'public IPv4', peers: 0 }],
  'family.missing': [
    { family: 'IPv6', peers: 2 },
    { family: 'IPv4', peers: 1 },
  ],
  'family.found': [{ family: 'IPv6' }],
  'clock.gap': [{ gapMs: 7_000 }],
  'ip.polled': [
    { source: 'dns', result: 'ok', answer: ip },
    { source: 'https', result: 'timeout' },
  ],
  'ip.unknown': [
    { failures: [], known: undefined },
    { failures: [{ source: 'dns', reason: 'unreachable' }], known: undefined },
    {
      failures: [
        { source: 'dns', reason: 'unreachable' },
        { source: 'https', reason: 'timeout' },
      ],
      known: ip,
    },
  ],
  'ip.disagreed': [{ answers: [ip, '198.51.100.9'] }],
  'ip.confirmed': [{ ip, agreed: ['dns', 'https'] }],
  'ip.held': [{ ip, quietMs: 300_000 }],
  'ip.changed': [
    { ip, previous: undefined, producers: 1 },
    { ip, previous: '198.51.100.9', producers: 2 },
  ],
  'announcement.acknowledged': [
    { uuid: 'p1', ip, attempts: 2, again: false },
    { uuid: 'p1', ip, attempts: 1, again: true },
  ],
  'announcements.added': [
    { ip, newcomers: 1, refreshed: 0 },
    { ip, newcomers: 2, refreshed: 1 },
    { ip, newcomers: 0, refreshed: 2 },
  ],
  'announcement.failed': [
    { uuid: 'p1', ip, attempts: 1, reason: 'http-503', retryInMs: 50 },
    { uuid: 'p1', ip, attempts: 2, reason: 'timeout', retryInMs: 4_000 },
  ],
  'announcement.outdated': (['ip', 'address', 'left', 'acknowledged'] as const).flatMap((why) =>
    (['ok', 'timeout'] as const).map((result) => ({ uuid: 'p1', ip, result, why })),
  ) as [Facts<'announcement.outdated'>],
  'announcement.dropped': [{ uuid: 'p1' }],
  'announcements.complete': [{ ip }],
  'redis.up': [{}],
  'redis.down': [{ reason: 'ECONNREFUSED 127.0.0.1:6379' }],
  'redis.failed': [{ what: 'writing verdicts', reason: 'OOM command not allowed' }],
  'embedded.ended': [{ reason: 'killed by SIGKILL', retryInMs: 1_000 }],
  'redis.worked': [{ what: 'writing verdicts' }],
  'redis.caught-up': [
    { what: 'writing verdicts', written: 1 },
    { what: 'writing verdicts', written: 3 },
  ],
  heartbeat: [{}],
  'config.reloaded': [{ changed: [] }, { changed: ['sync.interval'] }, { changed: ['sync.interval', 'log.level'] }],
  'config.rejected': [
    { problems: ['sync.interval: "often" is no duration'] },
    { problems: ['sycn: unknown key', 'uuid: missing'] },
  ],
  'config.needs-restart': [{ keys: ['uuid'] }, { keys: ['uuid', 'redis.url'] }, { keys: [] }],
  'leader.took': [
    { term: 7, afterMs: undefined },
    { term: 8, afterMs: 4_000 },
  ],
  'leader.unwritten': [{ reason: 'OOM command not allowed' }],
  'leader.standing-by': [
    { holder: HOLDER },
    { holder: UNNAMED },
    { holder: { ...UNNAMED, instance: 'i\u001b[31m', token: 'i\u001b[31m:7' } },
    { holder: { ...HOLDER, pid: undefined } },
    { holder: { ...HOLDER, since: undefined } },
    { holder: { ...HOLDER, host: 'n\u001b[31m' } },
  ],
  'leader.lost': [{ holder: HOLDER }],
  'leader.other': [{ holder: HOLDER }, { holder: UNNAMED }],
  'shares.changed': [
    { held: 32, of: 64, gained: 2, lost: 0 },
    { held: 3, of: 64, gained: 0, lost: 1 },
    { held: 3, of: 64, gained: 1, lost: 2 },
  ],
  'shares.doubtful': [{ held: 1 }, { held: 32 }],
  'shares.renewed': [{ held: 32 }],
  'verdicts.fenced': [{ rows: 1 }, { rows: 2 }],
  'replica.joined': [
    { instance: 'inst-2', name: 'nas-2' },
    { instance: 'inst-2', name: 'n\u001b[31m' },
  ],
  'replica.left': [
    { instance: 'inst-2', name: 'nas-2' },
    { instance: 'inst-2', name: 'n\u001b[31m' },
  ],
  'replica.elsewhere': [{ ip: '198.51.100.9', stored: ip }],
  'replica.returned': [{ ip }],
  'replicas.counted': [
    { replicas: 1, ok: 8, failed: 0, isolated: false },
    { replicas: 2, ok: 8, failed: 1, isolated: true },
  ],
  'status.listening': [{ url: 'http://127.0.0.1:8080/' }],
  'status.failed': [{ host: '127.0.0.1', port: 8080, reason: 'EADDRINUSE', retryInMs: 30_000 }],
  'status.refused': [{ host: 'proxy.example' }, { host: 'p\u001b[31m' }],
  'status.fault': [
    { path: '/api/peers', reason: 'x is not iterable' },
    { path: '/\u001b[31m', reason: 'x is not iterable' },
  ],
  'notification.sent': [{ target }],
  'notification.failed': [{ target, reason: 'refused' }],
  'notification.lost': [
    { target, count: 1, why: 'undeliverable' },
    { target, count: 3, why: 'undeliverable' },
    { target, count: 1, why: 'crowded' },
    { target, count: 3, why: 'crowded' },
  ],
  'service.notified': [{}],
  'service.unnotified': [{ reason: 'missing' }, { reason: 'failed' }],
  'process.stopping': [{ signal: 'SIGTERM' }],
};

/** The samples of each kind, in the order of the table. */
export function samples(): readonly (readonly [Kind, readonly SchedulerEvent[]])[] {
  return (Object.keys(SAMPLES) as Kind[]).map((kind) => [kind, SAMPLES[kind].map((facts) => asEvent(kind, facts))]);
}

/** The time of a check is its own. */
function asEvent<K extends Kind>(kind: K, facts: Facts<K>): SchedulerEvent {
  return { kind, ...(kind === 'peer.checked' ? {} : { at: NOW }), ...facts } as unknown as SchedulerEvent;
}
