import { isIP } from 'node:net';
import type { RedisClient } from '../clients/redis.js';
import { countOf } from '../clients/replies.js';
import { runScript, script } from '../clients/script.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import { readToken } from '../domain/leader.js';
import { nameOf } from '../domain/text/printable.js';
import { currentToken } from '../leader/redisLease.js';
import { ShareCountError, type Membership, type MembershipView, type NodeAddress } from './engine.js';

/**
 * KEYS: the members, our hash, scheduler, the lease of the registry. ARGV: our instance, the length of a membership
 * in milliseconds, the key prefix of replicas, the number of shares, and the fields of our hash as pairs. A new
 * member is refused if a live one uses another number of shares. Returns the stored IP, the leader's own IP, and for
 * each member: instance, name, answered, failed, isolated.
 */
const BEAT = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%d', now))
local joined = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not joined then
  for _, other in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local known = redis.call('HMGET', ARGV[3] .. other, 'of_shares', 'name', 'host', 'pid')
    if known[1] and known[1] ~= ARGV[4] then return {'count', known[1], known[2] or other, known[3] or '', known[4] or ''} end
  end
end
redis.call('ZADD', KEYS[1], string.format('%d', now + ARGV[2]), ARGV[1])
redis.call('HSET', KEYS[2], 'of_shares', ARGV[4], unpack(ARGV, 5))
redis.call('PEXPIRE', KEYS[2], 2 * ARGV[2])
local leader = string.match(redis.call('GET', KEYS[4]) or '', '^(.+):%d+$')
local seen = {
  'seen',
  redis.call('HGET', KEYS[3], 'ip') or '',
  leader and redis.call('HGET', ARGV[3] .. leader, 'ip') or '',
}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local known = redis.call('HMGET', ARGV[3] .. member, 'name', 'round_ok', 'round_failed', 'isolated')
  for _, one in ipairs({member, known[1] or '', known[2] or '', known[3] or '', known[4] or ''}) do seen[#seen + 1] = one end
end
return seen
`);

/** Number of values per member in the reply. */
const FIELDS = 5;

/** The live replicas in Redis, timed by the clock of the server. Each method rejects if Redis could not confirm it. */
export class RedisMembership implements Membership {
  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly instance: string,
    private readonly count: number,
    private readonly leaseMs: number,
  ) {}

  async beat(own: Readonly<Record<string, string | number>>): Promise<MembershipView> {
    const { replicas, scheduler, leader, replicaPrefix } = this.keys;
    const keys = [replicas, this.keys.replica(this.instance), scheduler, leader];
    const args = [this.instance, this.leaseMs, replicaPrefix, this.count, ...Object.entries(own).flat()];
    const [kind, first = '', second = '', ...rest] = (await runScript(this.redis, BEAT, keys, args)) as string[];
    if (kind === 'count') {
      const [host = '', pid = ''] = rest;
      throw new ShareCountError(
        `replicas.shares is ${String(this.count)} here, and ${nameOf(first)} at replica ${nameOf(second)} on host ${nameOf(host)}, pid ${nameOf(pid)}: it has to be equal on all`,
      );
    }
    const members: MembershipView['members'][number][] = [];
    let [ok, failed, isolated] = [0, 0, 0];
    for (let i = 0; i < rest.length; i += FIELDS) {
      const [instance = '', name = '', roundOk, roundFailed, isIsolated] = rest.slice(i, i + FIELDS);
      members.push({ instance, name });
      ok += countOf(roundOk) ?? 0;
      failed += countOf(roundFailed) ?? 0;
      if (isIsolated === '1') isolated += 1;
    }
    return {
      members,
      ok,
      failed,
      isolated: isolated === members.length,
      storedIp: ipIn(first),
      leaderIp: ipIn(second),
    };
  }

  async read(): Promise<NodeAddress> {
    const { redis, keys } = this;
    const [stored, token] = await withTimeout(
      Promise.all([redis.hget(keys.scheduler, 'ip'), currentToken(redis, keys)]),
    );
    const leader = token === undefined ? undefined : readToken(token);
    const own = leader && (await withTimeout(redis.hget(keys.replica(leader.instance), 'ip')));
    return { storedIp: ipIn(stored ?? ''), leaderIp: ipIn(own ?? '') };
  }

  async leave(): Promise<void> {
    const { redis, keys, instance } = this;
    await withTimeout(Promise.all([redis.zrem(keys.replicas, instance), redis.del(keys.replica(instance))]));
  }
}

function ipIn(text: string): string | undefined {
  return isIP(text) === 0 ? undefined : text;
}
