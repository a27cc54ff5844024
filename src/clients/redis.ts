import type { Cluster, ClusterNode, Redis, RedisOptions } from 'ioredis';
import { FailFastCluster, FailFastRedis } from './failFastRedis.js';
import { clusterOptions, serverOptions, type RedisLocation } from './redisLocation.js';

export { redisFailure } from './redisFailure.js';
export { describeRedis, type RedisLocation } from './redisLocation.js';

export type RedisClient = Redis | Cluster;

/** Longest pause between two connection attempts: work must continue within a second of the return of Redis. */
const RECONNECT_MS = 250;
const FIRST_RECONNECT_MS = 50;

const retryStrategy = (tries: number): number =>
  Math.min(FIRST_RECONNECT_MS * 2 ** Math.min(tries - 1, 10), RECONNECT_MS);

/** Pause between the first two attempts to find another primary, and the longest such pause. */
const FAILOVER_PAUSE_MS = 1_000;
const MAX_FAILOVER_PAUSE_MS = 8_000;

/** Longest silence of the server while a command is in flight. */
const SILENCE_MS = 1_000;

/**
 * No caller waits for a Redis that is down: a command fails at once, or after a second if the server is silent.
 *
 * Commands are not put into pipelines (`enableAutoPipelining`): V8 would keep each pipeline with all its commands until the
 * next full collection, which made nine tenths of the garbage in the old generation.
 */
const OPTIONS = {
  // RESP2 needs no HELLO, which old servers and proxies do not support.
  protocol: 2,
  enableOfflineQueue: false,
  // With one retry, commands in flight on a lost connection would wait until the next attempt fails too.
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  commandTimeout: SILENCE_MS,
  // Without this, a connection whose other end vanished would stay open until the kernel gives up, after a quarter of
  // an hour.
  socketTimeout: SILENCE_MS,
  sentinelCommandTimeout: SILENCE_MS,
  connectTimeout: 2_000,
  // A silent server must not delay the shutdown.
  disconnectTimeout: 200,
  retryStrategy,
  sentinelRetryStrategy: retryStrategy,
  // With its own ready check, ioredis reports only "no connection" while the server loads its data or requires a
  // password.
  enableReadyCheck: false,
  disableClientInfo: true,
} satisfies RedisOptions;

/**
 * After a failover the old primary answers READONLY (before Redis 7 inside the error of a script). The client must
 * then find the new one.
 */
function reconnectOnError(): (error: Error) => boolean {
  let lastAt = -Infinity;
  let pauseMs = FAILOVER_PAUSE_MS;
  return ({ message }) => {
    const now = performance.now();
    // If the server stays a replica, every write would cause a reconnection, and reads would fail during each of
    // them.
    if (!/\bREADONLY\b/.test(message) || now - lastAt < pauseMs) return false;
    pauseMs =
      now - lastAt > 2 * MAX_FAILOVER_PAUSE_MS ? FAILOVER_PAUSE_MS : Math.min(pauseMs * 2, MAX_FAILOVER_PAUSE_MS);
    lastAt = now;
    return true;
  };
}

/** A client that connects and reconnects by itself, and never throws outside of a command. */
export function openRedis(location: RedisLocation): RedisClient {
  const redis = open(location);
  // The health source reports errors. Without a listener ioredis prints each of them.
  redis.on('error', () => undefined);
  return redis;
}

function open(location: RedisLocation): RedisClient {
  if ('cluster' in location) return openCluster(location);
  return new FailFastRedis({ ...OPTIONS, reconnectOnError: reconnectOnError(), ...serverOptions(location) });
}

function openCluster(location: Extract<RedisLocation, { readonly cluster: unknown }>): Cluster {
  const { nodes, entry } = clusterOptions(location);
  return new FailFastCluster(nodes satisfies ClusterNode[], {
    enableOfflineQueue: false,
    // Without it a command waits for a cluster that cannot be reached, instead of failing with the reason.
    enableAutoPipelining: true,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: 2_000,
    retryDelayOnFailover: 100,
    retryDelayOnClusterDown: 100,
    maxRedirections: 4,
    redisOptions: { ...OPTIONS, reconnectOnError: reconnectOnError(), ...entry },
  });
}

/** Resolves when the first connection attempt has succeeded or failed, or after the given time. */
export async function firstAttempt(redis: RedisClient, withinMs = 2_000): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      for (const event of ['ready', 'close', 'end', 'error']) redis.off(event, done);
      resolve();
    };
    const timer = setTimeout(done, withinMs);
    for (const event of ['ready', 'close', 'end', 'error']) redis.on(event, done);
  });
}

/** Closes the connection, with QUIT if the server still answers. */
export async function closeRedis(redis: RedisClient): Promise<void> {
  await redis.quit().catch(() => {
    redis.disconnect();
  });
}
