import type { RedisClient } from '../clients/redis.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../domain/clock.js';
import type { Keys } from '../domain/keys.js';
import type { InstanceInfo } from '../leader/redisLease.js';
import { DividedShares } from '../replicas/dividedShares.js';
import type { ShareEngine } from '../replicas/engine.js';
import { RedisMembership } from '../replicas/redisMembership.js';
import { ReplicaFields } from '../sinks/replicaFields.js';
import type { Leadership } from '../state/leadership.js';
import type { PeerBook } from '../state/peerBook.js';
import { VantagePoint } from '../state/vantagePoint.js';
import { version } from '../version.js';

/** The parts that only a replica has. */
export interface Sharing {
  readonly shares: DividedShares;
  readonly fields: ReplicaFields;
  readonly vantagePoint: VantagePoint;
  /** Whether this process shares the work now; false while a scheduler works that does not share. */
  works: boolean;
  /** The current interval of the polls of the public IP, in milliseconds. */
  pollMs: number;
}

interface SharingParts {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly engine: ShareEngine;
  readonly own: InstanceInfo;
  readonly book: PeerBook;
  readonly leadership: Leadership;
  readonly clock: Pick<Clock, 'steady' | 'wall'>;
}

/** A difference must last longer than this number of polls, because a poll may fall into a change of the IP. */
const POLLS_ELSEWHERE = 2;

/** Creates the parts that only a replica has. */
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
    vantagePoint: new VantagePoint(clock.steady, () => POLLS_ELSEWHERE * sharing.pollMs),
    works: false,
    pollMs: publicIp.intervalMs,
  };
  return sharing;
}
