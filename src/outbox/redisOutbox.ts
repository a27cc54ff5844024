import { isIP } from 'node:net';
import { runScript, script } from '../clients/script.js';
import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Delivery, Enqueued, Lease, LeaseTerms, Outbox, Settled } from '../domain/announce/outbox.js';
import type { FailureReason } from '../domain/call/reasons.js';
import type { Keys } from '../domain/keys.js';

/**
 * KEYS scheduler, announcements, producers. ARGV ip, now, prefix of the producers' keys. Redis serves nobody else
 * meanwhile, so the producers are enqueued in bulk (Lua passes at most some 8,000 values at once) and each key only
 * loses the fields of the last change; a key of another type is skipped (pcall).
 */
const ENQUEUE = script(`
local previous = redis.call('HGET', KEYS[1], 'ip')
if previous == ARGV[1] then return {0, previous, 0} end
local producers = redis.call('SMEMBERS', KEYS[3])
redis.call('HSET', KEYS[1], 'ip', ARGV[1], 'ip_changed_at', ARGV[2])
redis.call('DEL', KEYS[2])
for first = 1, #producers, 3000 do
  local pairs = {}
  for i = first, math.min(first + 2999, #producers) do
    pairs[#pairs + 1] = ARGV[2]
    pairs[#pairs + 1] = producers[i]
    redis.pcall('HDEL', ARGV[3] .. producers[i], 'attempts', 'error')
  end
  redis.call('ZADD', KEYS[2], unpack(pairs))
end
return {1, previous or '', #producers}
`);

/**
 * Where a producer has no hash to keep the number of its attempts in, they stand in the part of its score below a
 * millisecond, in 1/1024 (which a double has room for until the year 2248).
 */
const SCORE = `
local function dueAt(score) return math.floor(tonumber(score)) end
local function attemptsIn(score) return tonumber(score) % 1 * 1024 end
local function scoreOf(at, attempts) return tonumber(at) + math.min(attempts, 1023) / 1024 end
`;

/**
 * KEYS scheduler, announcements, producers. ARGV now, end of the lease, horizon, prefix, expected ip or ''. A due time
 * beyond the horizon can only come from a clock that has gone back since, so it counts as due; it is the last one.
 */
const LEASE = script(`${SCORE}
local ip = redis.call('HGET', KEYS[1], 'ip') or ''
if ARGV[5] ~= '' and ip ~= ARGV[5] then return {'stale'} end
local head = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if ip == '' or #head == 0 then return {'empty'} end
local uuid, score = head[1], head[2]
local wait = dueAt(score) - tonumber(ARGV[1])
if wait > 0 then
  local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
  if dueAt(last[2]) - tonumber(ARGV[1]) <= tonumber(ARGV[3]) then return {'wait', tostring(wait)} end
  uuid, score = last[1], last[2]
end
if redis.call('SISMEMBER', KEYS[3], uuid) == 0 then
  redis.call('ZREM', KEYS[2], uuid)
  return {'dropped', uuid}
end
local key = ARGV[4] .. uuid
if redis.call('TYPE', key).ok == 'hash' then
  redis.call('ZADD', KEYS[2], ARGV[2], uuid)
  local entry = redis.call('HMGET', key, 'ip', 'port', 'attempts', 'error')
  return {'due', uuid, ip, entry[1], entry[2], entry[3] or '0', entry[4]}
end
local attempts = attemptsIn(score)
redis.call('ZADD', KEYS[2], scoreOf(ARGV[2], attempts), uuid)
return {'due', uuid, ip, false, false, tostring(attempts), attempts > 0 and 'address-invalid'}
`);

/**
 * What ACK and NACK begin with. KEYS scheduler, announcements, producers, the producer. ARGV uuid, ip as sent, address
 * and port as called, now. An attempt at an address that is no longer the producer's proves nothing, so it is due again
 * at once.
 */
const SETTLE = `${SCORE}
local function count()
  local counted = redis.pcall('HINCRBY', KEYS[4], 'attempts', 1)
  if type(counted) == 'table' then redis.call('HSET', KEYS[4], 'attempts', 1) end
end
local function settled(outdated) return {redis.call('ZCARD', KEYS[2]), outdated or ''} end
local uuid = ARGV[1]
if redis.call('SISMEMBER', KEYS[3], uuid) == 0 then
  redis.call('ZREM', KEYS[2], uuid)
  return settled('left')
end
local current = redis.call('HGET', KEYS[1], 'ip') == ARGV[2]
local hash = redis.call('TYPE', KEYS[4]).ok == 'hash'
local entry = hash and redis.call('HMGET', KEYS[4], 'ip', 'port') or {}
if (entry[1] or '') ~= ARGV[3] or (entry[2] or '') ~= ARGV[4] then
  redis.call('ZADD', KEYS[2], 'XX', ARGV[5], uuid)
  return settled('address')
end
`;

/** An IP that is no longer ours leaves the outbox alone, and is no news once a newer one was acknowledged. */
const ACK = script(`${SETTLE}
if hash and (current or redis.call('ZSCORE', KEYS[2], uuid)) then
  redis.call('HSET', KEYS[4], 'notified_ip', ARGV[2], 'notified_at', ARGV[5])
end
if not current then return settled('ip') end
redis.call('ZREM', KEYS[2], uuid)
if hash then
  count()
  redis.call('HDEL', KEYS[4], 'error')
end
return settled()
`);

/** ARGV besides: due time, reason. */
const NACK = script(`${SETTLE}
if not current then return settled('ip') end
local score = redis.call('ZSCORE', KEYS[2], uuid)
if not score then return settled('told') end
local attempts = 0
if hash then
  count()
  redis.call('HSET', KEYS[4], 'error', ARGV[7])
else
  attempts = attemptsIn(score) + 1
end
redis.call('ZADD', KEYS[2], scoreOf(ARGV[6], attempts), uuid)
return settled()
`);

/** A clock that is set right by less than this ends nobody's wait. */
const CLOCK_STEP_MS = 60_000;

type Row = readonly (string | null)[];

/** The outbox in Redis. */
export class RedisOutbox implements Outbox {
  readonly #own: readonly string[];

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly wall: () => number,
  ) {
    this.#own = [keys.scheduler, keys.announcements, keys.producers];
  }

  async announced(): Promise<string | undefined> {
    const ip = await withTimeout(this.redis.hget(this.keys.scheduler, 'ip'));
    return ip === null || isIP(ip) === 0 ? undefined : ip;
  }

  async enqueue(ip: string): Promise<Enqueued> {
    const args = [ip, this.wall(), this.keys.producerPrefix];
    const [changed, previous, producers] = (await runScript(this.redis, ENQUEUE, this.#own, args)) as [
      number,
      string,
      number,
    ];
    return { changed: changed === 1, previous: previous === '' ? undefined : previous, producers };
  }

  async lease(ip: string | undefined, { leaseMs, longestMs }: LeaseTerms): Promise<Lease> {
    const now = this.wall();
    const args = [now, now + leaseMs, longestMs + CLOCK_STEP_MS, this.keys.producerPrefix, ip ?? ''];
    return toLease((await runScript(this.redis, LEASE, this.#own, args)) as Row);
  }

  ack(delivery: Delivery): Promise<Settled> {
    return this.#settle(ACK, delivery, this.wall());
  }

  nack(delivery: Delivery, reason: FailureReason, retryInMs: number): Promise<Settled> {
    const now = this.wall();
    return this.#settle(NACK, delivery, now, now + retryInMs, reason);
  }

  async #settle(
    step: typeof ACK,
    { uuid, ip, stored }: Delivery,
    ...args: readonly (string | number)[]
  ): Promise<Settled> {
    const keys = [...this.#own, this.keys.producer(uuid)];
    const [pending, outdated] = (await runScript(this.redis, step, keys, [
      ...[uuid, ip, stored.ip ?? '', stored.port ?? ''],
      ...args,
    ])) as [number, '' | Exclude<Settled['outdated'], undefined>];
    return { pending, outdated: outdated === '' ? undefined : outdated };
  }
}

function toLease([kind, ...rest]: Row): Lease {
  switch (kind) {
    case 'due': {
      const [uuid, sent, ip = null, port = null, attempts = null, error = null] = rest;
      // Another program's writing in `<p>scheduler`: nothing but an address is ever sent.
      if (uuid == null || sent == null || isIP(sent) === 0) return { kind: 'empty' };
      return { kind, uuid, ip: sent, stored: { ip, port }, attempts: Number(attempts) || 0, error };
    }
    case 'dropped':
      return { kind, uuid: rest[0] ?? '' };
    case 'wait':
      return { kind, forMs: Number(rest[0]) };
    case 'stale':
      return { kind };
    default:
      return { kind: 'empty' };
  }
}
