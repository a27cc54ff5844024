import type { RedisClient } from '../clients/redis.js';
import { countOf } from '../clients/replies.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import { readToken } from '../domain/leader.js';

/** A replica as reported in its last beat. Times are Unix milliseconds. Fields that it has not reported are null. */
export interface Replica {
  readonly instance: string;
  readonly name: string | null;
  readonly host: string | null;
  readonly pid: number | null;
  readonly version: string | null;
  /** Whether it holds the lease of the registry; the holder announces. */
  readonly leader: boolean;
  readonly shares: number | null;
  readonly peers: number | null;
  readonly ip: string | null;
  readonly isolated: boolean;
  readonly round: number | null;
  readonly round_finished_at: number | null;
  readonly round_ok: number | null;
  readonly round_failed: number | null;
  readonly heartbeat_at: number | null;
}

/** The replicas that share the registry, and the number of shares. */
export interface Replicas {
  readonly members: readonly Replica[];
  readonly of: number | undefined;
}

/** Reads the live replicas, sorted by name. Rejects if Redis does not answer. */
export async function readReplicas(redis: RedisClient, keys: Keys): Promise<Replicas> {
  const [ends, time, token] = await withTimeout(
    Promise.all([redis.zrange(keys.replicas, '0', '-1', 'WITHSCORES'), redis.time(), redis.get(keys.leader)]),
  );
  const now = Number(time[0]) * 1_000;
  const leader = readToken(token ?? '')?.instance;
  const alive: string[] = [];
  for (let i = 0; i + 1 < ends.length; i += 2) {
    const [instance, end] = [ends[i], Number(ends[i + 1])];
    if (instance !== undefined && end >= now) alive.push(instance);
  }
  const found = await withTimeout(Promise.all(alive.map((instance) => redis.hgetall(keys.replica(instance)))));
  const members = found.map((fields, i) => toReplica(alive[i] ?? '', fields, leader));
  const [of] = found.flatMap(({ of_shares: count }) => countOf(count) ?? []);
  return { members: members.sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1)), of };
}

function toReplica(instance: string, fields: Readonly<Record<string, string>>, leader: string | undefined): Replica {
  const text = (name: string): string | null => fields[name] ?? null;
  const count = (name: string): number | null => countOf(fields[name]) ?? null;
  return {
    instance,
    ...{ name: text('name'), host: text('host'), pid: count('pid'), version: text('version') },
    leader: instance === leader,
    ...{ shares: count('shares'), peers: count('peers'), ip: text('ip'), isolated: fields.isolated === '1' },
    ...{ round: count('round'), round_finished_at: count('round_finished_at') },
    ...{ round_ok: count('round_ok'), round_failed: count('round_failed'), heartbeat_at: count('heartbeat_at') },
  };
}
