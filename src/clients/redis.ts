import type { Cluster, ClusterNode, Redis, RedisOptions } from 'ioredis';
import { FailFastCluster, FailFastRedis } from './failFastRedis.js';
import { clusterOptions, serverOptions, type RedisLocation } from './redisLocation.js';

export { redisFailure } from './redisFailure.js';
export { describeRedis, type RedisLocation } from './redisLocation.js';

export type RedisClient = Redis | Cluster;

/** Longest pause between two tries to connect; work has to go on within a second of Redis being back. */
const RECONNECT_MS = 250;
const FIRST_RECONNECT_MS = 50;

const retryStrategy = (tries: number): number =>
  Math.min(FIRST_RECONNECT_MS * 2 ** Math.min(tries - 1, 10), RECONNECT_MS);

/** Time between the first two attempts to find another primary, and the longest that it grows to. */
const LEAVE_MS = 1_000;
const LONGEST_LEAVE_MS = 8_000;

/** Longest silence of the server while something was asked. */
const SILENCE_MS = 1_000;

/** Nothing waits for a Redis that is away: a command fails at once, or after a second where the server is silent. */
const OPTIONS = {
  // RESP2 needs no HELLO, which old servers and proxies do not know.
  protocol: 2,
  enableOfflineQueue: false,
  enableAutoPipelining: true,
  // With one retry, what was in flight when the connection went would wait for the next attempt to fail as well.
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  commandTimeout: SILENCE_MS,
  // Without it what waits behind the pipeline in flight would wait a second more, and a connection whose other end
  // is gone without a word would be kept until the kernel gives up, a quarter of an hour later.
  socketTimeout: SILENCE_MS,
  sentinelCommandTimeout: SILENCE_MS,
  connectTimeout: 2_000,
  // At the end, a server that is silent is not waited for.
  disconnectTimeout: 200,
  retryStrategy,
  sentinelRetryStrategy: retryStrategy,
  // With its own check of whether the server is ready, ioredis says no more than "no connection" while that loads its
  // data or wants a password.
  enableReadyCheck: false,
  disableClientInfo: true,
} satisfies RedisOptions;

/** After a failover the old primary answers READONLY, before Redis 7 within the failure of a script: find the new one. */
function reconnectOnError(): (error: Error) => boolean {
  let lastAt = -Infinity;
  let pauseMs = LEAVE_MS;
  return ({ message }) => {
    const now = performance.now();
    // A replica that stays one would be left again with each write, and each time what is read meanwhile fails.
    if (!/\bREADONLY\b/.test(message) || now - lastAt < pauseMs) return false;
    pauseMs = now - lastAt > 2 * LONGEST_LEAVE_MS ? LEAVE_MS : Math.min(pauseMs * 2, LONGEST_LEAVE_MS);
    lastAt = now;
    return true;
  };
}

/** A client that connects by itself, again and again, and never throws outside of a command. */
export function openRedis(location: RedisLocation): RedisClient {
  const redis = open(location);
  // The health source reports; without a listener ioredis prints each failure.
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
    enableAutoPipelining: true,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: 2_000,
    retryDelayOnFailover: 100,
    retryDelayOnClusterDown: 100,
    maxRedirections: 4,
    redisOptions: { ...OPTIONS, reconnectOnError: reconnectOnError(), ...entry },
  });
}

/** Resolves once the first attempt to connect has ended, well or not, or after the time given. */
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

/** Ends the connection, politely where the server still answers. */
export async function closeRedis(redis: RedisClient): Promise<void> {
  await redis.quit().catch(() => {
    redis.disconnect();
  });
}
