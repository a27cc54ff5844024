import type { Picture } from '#src/status/picture.js';

export const NOW = Date.UTC(2026, 10, 25, 12);

type Over = {
  readonly [K in keyof Picture]?: Picture[K] extends object | undefined ? Partial<Picture[K]> : Picture[K];
};

/** A node of ten consumers and four producers that is well; give what matters. */
export function pictureOf(over: Over = {}): Picture {
  const well = {
    now: NOW,
    role: 'leader' as const,
    otherWorks: false,
    host: 'node7',
    pid: 7,
    startedAt: NOW - 86_400_000,
    heartbeatAt: NOW - 1_000,
    stopped: false,
    redis: { up: true, since: NOW - 86_400_000, reason: undefined, unwritten: 0 },
    redisFailing: [],
    isolated: [],
    peers: { available: 10, suspect: 0, unavailable: 0, pending: 0, denied: 0, invalid: 0 },
    denied: {},
    failing: [],
    intervalMs: 60_000,
    round: { everFinished: true, finishedAt: NOW - 30_000, skippingSince: undefined },
    callers: { count: 10, of: 10, lastAt: NOW - 5_000 },
    ip: { value: '203.0.113.7', since: NOW - 9_000_000, unknown: undefined, disagreed: undefined, held: undefined },
    producersKnow: { count: 4, of: 4 },
    consumersKnow: { count: 10, of: 10 },
    oldestOwingMs: undefined,
    missingFamilies: [],
    hostShortSince: undefined,
    clockGap: undefined,
    configRejected: undefined,
    needsRestart: undefined,
    failingNotifications: [],
  };
  return {
    ...well,
    ...over,
    redis: { ...well.redis, ...over.redis },
    peers: { ...well.peers, ...over.peers },
    round: { ...well.round, ...over.round },
    ip: { ...well.ip, ...over.ip },
  } as Picture;
}
