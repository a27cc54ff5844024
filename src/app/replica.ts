import type { RedisClient } from '../clients/redis.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../domain/clock.js';
import type { Keys } from '../domain/keys.js';
import type { OwnName } from '../leader/redisLease.js';
import { DividedShares } from '../replicas/dividedShares.js';
import type { ShareEngine } from '../replicas/engine.js';
import { RedisMembership } from '../replicas/redisMembership.js';
import { ReplicaFields } from '../sinks/replicaFields.js';
import type { Leadership } from '../state/leadership.js';
import type { PeerBook } from '../state/peerBook.js';
import { Whereabouts } from '../state/whereabouts.js';
import { version } from '../version.js';

/** What a scheduler has besides that shares its registry with others. */
export interface Sharing {
  readonly shares: DividedShares;
  readonly fields: ReplicaFields;
  readonly whereabouts: Whereabouts;
  /** Whether we share the work now; false while one works that does not share. */
  works: boolean;
  /** How often the public IP is polled now, in milliseconds. */
  pollMs: number;
}

interface SharingParts {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly engine: ShareEngine;
  readonly own: OwnName;
  readonly book: PeerBook;
  readonly leadership: Leadership;
  readonly clock: Pick<Clock, 'steady' | 'wall'>;
}

/** Two polls that differ may have met the moment of a change. */
const POLLS_ELSEWHERE = 2;

/** Makes what a scheduler has besides. */
export function share({ publicIp, replicas }: Config, parts: SharingParts): Sharing {
  const { redis, keys, engine, own, book, leadership, clock } = parts;
  const { instance, uuid, name, host } = own;
  const { shares: count, leaseMs } = replicas;
  const sharing: Sharing = {
    shares: new DividedShares({
      engine,
      membership: new RedisMembership(redis, keys, instance, count, leaseMs),
      instance,
      count,
      leaseMs,
      clock,
      isBusyWith: (wanted) => book.isBusyWith(wanted),
      refused: leadership.fence.refused,
    }),
    fields: new ReplicaFields({ instance, uuid, name, host, pid: process.pid, version }, () => book.size),
    whereabouts: new Whereabouts(clock.steady, () => POLLS_ELSEWHERE * sharing.pollMs),
    works: false,
    pollMs: publicIp.intervalMs,
  };
  return sharing;
}
