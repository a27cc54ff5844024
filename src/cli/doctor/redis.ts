import type { RedisClient } from '../../clients/redis.js';
import type { Keys } from '../../domain/keys.js';
import { nameOf } from '../../domain/text/printable.js';
import { fault, ok, warning, type Finding } from './finding.js';

const REDIS = 'redis';
const PERMISSIONS = 'redis permissions';
const MEMORY = 'redis memory';
const LATENCY = 'redis latency';
const CLOCK = 'clock';

const MIN_MAJOR_VERSION = 5;
const PINGS = 5;
/** A round writes batches one after the other, so each batch adds this latency. */
const SLOW_MS = 50;
const CLOCKS_APART_MS = 1_000;
/** The fraction of memory above which a server is nearly full. */
const NEARLY_FULL = 0.9;

const EXAMPLE_UUID = '00000000-0000-0000-0000-000000000000';

/** Checks the type of the server, and whether it accepts writes. */
export async function checkServer(redis: RedisClient): Promise<readonly Finding[]> {
  const info = await infoOf(redis);
  if (info === undefined) return [ok(REDIS, 'it answers; our user may not ask for more (INFO)')];
  const version = info.get('redis_version') ?? 'unknown';
  const found = [
    Number.parseInt(version, 10) < MIN_MAJOR_VERSION
      ? fault(REDIS, `Redis ${nameOf(version)} is too old`, 'use Redis 5 or newer')
      : ok(REDIS, `Redis ${nameOf(version)} answers`),
  ];
  if (info.get('role') === 'slave') {
    found.push(fault(REDIS, 'the server is a replica, and takes no writes', 'name the primary, or redis.sentinel'));
  }
  return [...found, ...memoryFindings(info)];
}

/** Peers and announcements have no expiry, so a server that evicts any key silently loses them. */
function memoryFindings(info: ReadonlyMap<string, string>): Finding[] {
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  const [most, used] = [Number(info.get('maxmemory')), Number(info.get('used_memory'))];
  if (!(most > 0)) return [ok(MEMORY, `no limit (maxmemory 0, maxmemory-policy ${nameOf(policy)})`)];
  const evicting = policy.startsWith('allkeys-')
    ? fault(
        MEMORY,
        `maxmemory-policy ${nameOf(policy)} throws peers away where memory runs out`,
        'CONFIG SET maxmemory-policy noeviction, or a volatile- one',
      )
    : ok(MEMORY, `maxmemory-policy ${nameOf(policy)} leaves our keys alone`);
  if (used / most < NEARLY_FULL) return [evicting];
  const text = `${Math.round((used / most) * 100)} % of maxmemory are used`;
  return [evicting, warning(MEMORY, text, 'raise maxmemory, or remove other data: a full server takes no writes')];
}

/** Measures the round-trip time of a command. */
export async function checkLatency(redis: RedisClient): Promise<readonly Finding[]> {
  const times: number[] = [];
  for (let i = 0; i < PINGS; i += 1) {
    const startedAt = performance.now();
    await redis.ping();
    times.push(performance.now() - startedAt);
  }
  const median = times.sort((a, b) => a - b)[Math.floor(PINGS / 2)] ?? 0;
  const text = `a PING takes ${median.toFixed(1)} ms`;
  if (median < SLOW_MS) return [ok(LATENCY, text)];
  return [
    warning(LATENCY, text, 'a Redis nearer by, or see what else it is busy with (SLOWLOG GET): rounds wait for it'),
  ];
}

/**
 * Compares the clock of the server with ours, because due times and heartbeats are written with one and read with
 * another.
 */
export async function checkClock(redis: RedisClient): Promise<readonly Finding[]> {
  const before = Date.now();
  const [seconds, micros] = await redis.time();
  const now = (before + Date.now()) / 2;
  const apartMs = Math.abs(Number(seconds) * 1_000 + Number(micros) / 1_000 - now);
  if (apartMs <= CLOCKS_APART_MS) return [ok(CLOCK, `ours and that of Redis are ${Math.round(apartMs)} ms apart`)];
  const text = `ours and that of Redis are ${(apartMs / 1_000).toFixed(1)} s apart`;
  return [warning(CLOCK, text, 'let both hosts set their clocks by NTP (timedatectl, chronyc tracking)')];
}

/** The commands of the daemon, each in a form that could be run. */
function commandsOn(keys: Keys): readonly (readonly string[])[] {
  const [set, hash, list] = [keys.consumers, keys.consumer(EXAMPLE_UUID), keys.announcements];
  return [
    ['scard', set],
    ['sscan', set, '0'],
    ['sismember', set, EXAMPLE_UUID],
    ['smembers', set],
    ['hget', hash, 'ip'],
    ['hmget', hash, 'ip'],
    ['hset', hash, 'state', 'available'],
    ['hdel', hash, 'error'],
    ['hincrby', hash, 'attempts', '1'],
    ['type', hash],
    ['zadd', list, '1', EXAMPLE_UUID],
    ['zcard', list],
    ['zrange', list, '0', '1'],
    ['zrem', list, EXAMPLE_UUID],
    ['zscore', list, EXAMPLE_UUID],
    ['del', hash],
    ['xadd', keys.events, '*', 'type', 'x'],
    ['eval', 'return 1', '1', hash],
    ['evalsha', '0'.repeat(40), '1', hash],
  ];
}

/** Finds commands that our user may not run. The server only checks the permissions and runs nothing. */
export async function checkPermissions(redis: RedisClient, keys: Keys): Promise<readonly Finding[]> {
  const user = await redis.acl('WHOAMI').catch(() => undefined);
  if (typeof user !== 'string') return [ok(PERMISSIONS, 'the server tells nothing of its users (ACL WHOAMI)')];
  const denied: string[] = [];
  for (const command of commandsOn(keys)) {
    const answer = await redis.call('ACL', 'DRYRUN', user, ...command).catch(() => undefined);
    if (answer === undefined)
      return [ok(PERMISSIONS, `user ${nameOf(user)}; it may not be asked what it may (ACL DRYRUN)`)];
    if (answer !== 'OK') denied.push(command[0]?.toUpperCase() ?? '');
  }
  if (denied.length === 0) return [ok(PERMISSIONS, `user ${nameOf(user)} may do all that is needed`)];
  const text = `user ${nameOf(user)} may not run ${denied.join(', ')} on our keys`;
  return [fault(PERMISSIONS, text, 'ACL SETUSER, as docs/redis.md lists it')];
}

async function infoOf(redis: RedisClient): Promise<ReadonlyMap<string, string> | undefined> {
  const text = await redis.info().catch((error: unknown) => {
    if (String(error).includes('NOPERM')) return undefined;
    throw error;
  });
  return text === undefined ? undefined : new Map(text.split(/\r?\n/).map(pairOf));
}

function pairOf(line: string): readonly [string, string] {
  const at = line.indexOf(':');
  return [line.slice(0, at), line.slice(at + 1)];
}
