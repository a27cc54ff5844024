import type { RedisClient } from '../clients/redis.js';
import { countOf, ifOfAnotherType } from '../clients/replies.js';
import { runScript, script } from '../clients/script.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import { readToken, type Holder, type ProcessIdentity } from '../domain/leader.js';

/**
 * KEYS: the lease, our identity, the members that share the registry. ARGV: our instance, the length of the lease in
 * milliseconds, what may be taken (1: also a missing lease, 0: not a missing one, '-': none), the token of a holder
 * that is provably gone, the last known term, whether we share the registry, and the fields of our identity as
 * pairs. A lease without an expiry does not count. A lease with an empty instance is the mark of an orderly end. A
 * process that does not share takes no lease while sharing members are alive. The term is at least the time of the
 * server in seconds, so that it grows even if Redis has lost its data.
 */
const BEAT = script(`
local held = redis.call('GET', KEYS[1])
local left = held and redis.call('PTTL', KEYS[1]) or 0
local instance, term = string.match(held or '', '^(.*):(%d+)$')
if #(term or '') > 15 then term = nil end
local mine = instance == ARGV[1]
local free = instance == '' or left == -1 or held == ARGV[4]
if not held then free = ARGV[3] == '1' end
if ARGV[3] == '-' then free = false end
if not mine and not free then return {held and instance ~= '' and 'other' or 'missing', held or '', left} end
if not mine and ARGV[6] == '0' then
  local last, now = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES'), redis.call('TIME')
  local lasts = last[1] and last[2] - now[1] * 1000 - math.floor(now[2] / 1000) or 0
  if lasts > 0 then return {'other', last[1] .. ':0', lasts} end
end
local token = held
if not mine then
  local now = redis.call('TIME')
  local own = math.max(tonumber(term or '0') + 1, tonumber(ARGV[5]) + 1, tonumber(now[1]))
  token = ARGV[1] .. ':' .. string.format('%d', own)
end
redis.call('SET', KEYS[1], token, 'PX', ARGV[2])
redis.call('HSET', KEYS[2], unpack(ARGV, 7))
redis.call('PEXPIRE', KEYS[2], 2 * ARGV[2])
return {'held', token, mine and 0 or 1}
`);

/** KEYS: the lease, our identity. ARGV: our token, the lifetime of the mark of an orderly end. */
const RELEASE = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], string.match(ARGV[1], ':%d+$'), 'PX', ARGV[2])
end
redis.call('DEL', KEYS[2])
return 1
`);

const MARK_MS = 86_400_000;

/** The result of a beat. */
export type Beat =
  | { readonly kind: 'held'; readonly token: string; readonly taken: boolean }
  | { readonly kind: 'other'; readonly token: string; readonly leftMs: number }
  | { readonly kind: 'missing' };

export interface BeatOptions {
  /** Whether any lease may be taken. */
  readonly mayTake: boolean;
  /** Whether a lease that is missing without a mark may be taken. */
  readonly takeMissing: boolean;
  /** The token of a holder that is provably gone. */
  readonly gone: string | undefined;
  readonly lastTerm: number;
}

/** Our identity, as other processes read it. */
export interface InstanceInfo {
  readonly instance: string;
  readonly uuid: string;
  readonly name: string;
  readonly host: string;
  readonly version: string;
  /** The number of shares of the registry; undefined without replicas. */
  readonly ofShares: number | undefined;
}

/**
 * The lease of the registry in Redis, timed by the clock of the server. Each method rejects if Redis could not
 * confirm it.
 */
export class RedisLease {
  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly own: InstanceInfo,
    private readonly leaseMs: number,
    private readonly identity: ProcessIdentity | undefined,
  ) {}

  async beat({ mayTake, takeMissing, gone, lastTerm }: BeatOptions): Promise<Beat> {
    const { instance, ofShares } = this.own;
    const taking = mayTake ? (takeMissing ? '1' : '0') : '-';
    const sharing = ofShares === undefined ? 0 : 1;
    const reply = (await runScript(
      this.redis,
      BEAT,
      [this.keys.leader, this.keys.replica(instance), this.keys.replicas],
      [instance, this.leaseMs, taking, gone ?? '', lastTerm, sharing, ...this.#fields()],
    )) as [string, string, number];
    const [kind, token, n] = reply;
    if (kind === 'held') return { kind, token, taken: n === 1 };
    return kind === 'other' ? { kind, token, leftMs: n } : { kind: 'missing' };
  }

  current(): Promise<string | undefined> {
    return currentToken(this.redis, this.keys);
  }

  holder(token: string): Promise<FoundHolder> {
    return holderOf(this.redis, this.keys, token);
  }

  /** Ends the lease, and leaves a mark that allows the next holder to take over without waiting. */
  async release(token: string): Promise<void> {
    await runScript(this.redis, RELEASE, [this.keys.leader, this.keys.replica(this.own.instance)], [token, MARK_MS]);
  }

  #fields(): string[] {
    const { boot = '', pidNamespace = '', started = '' } = this.identity ?? {};
    const { ofShares, ...own } = this.own;
    const fields = { ...own, pid: String(process.pid), boot, pid_namespace: pidNamespace, started };
    return [...Object.entries(fields).flat(), ...(ofShares === undefined ? [] : ['of_shares', String(ofShares)])];
  }
}

/** The holder of the lease, with the identity of its process. */
export type FoundHolder = Holder & { readonly identity: ProcessIdentity | undefined };

/**
 * The token of a valid lease, or undefined if there is none. A key without an expiry or of another type is no lease.
 * Rejects if Redis does not answer.
 */
export async function currentToken(redis: RedisClient, keys: Keys): Promise<string | undefined> {
  const reading = redis.get(keys.leader).catch(ifOfAnotherType(null));
  const [token, leftMs] = await withTimeout(Promise.all([reading, redis.pttl(keys.leader)]));
  return token === null || token.startsWith(':') || leftMs < 0 ? undefined : token;
}

/** The holder of this token. Rejects if Redis does not answer. */
export async function holderOf(redis: RedisClient, keys: Keys, token: string): Promise<FoundHolder> {
  const instance = readToken(token)?.instance ?? '';
  const [own, scheduler] = await withTimeout(
    Promise.all([redis.hgetall(keys.replica(instance)), redis.hgetall(keys.scheduler)]),
  );
  const known: Readonly<Record<string, string>> = own.instance === instance ? own : scheduler;
  const since = scheduler.instance === instance ? countOf(scheduler.leader_since) : undefined;
  const { uuid, host } = known;
  const shares = own.of_shares !== undefined;
  return { token, instance, uuid, host, pid: countOf(known.pid), since, shares, identity: toIdentity(own) };
}

function toIdentity(fields: Readonly<Record<string, string>>): ProcessIdentity | undefined {
  const { boot, pid_namespace: pidNamespace, started } = fields;
  const pid = countOf(fields.pid);
  if (!boot || !pidNamespace || !started || pid === undefined) return undefined;
  return { boot, pidNamespace, started, pid };
}
