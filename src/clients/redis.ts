import { Cluster, Redis, type ClusterNode, type RedisOptions } from 'ioredis';

export type RedisClient = Redis | Cluster;

/** Where Redis is: exactly one of these. */
export type RedisLocation =
  | { readonly url: string }
  | { readonly socketPath: string }
  | { readonly sentinel: { readonly name: string; readonly nodes: readonly string[] } }
  | { readonly cluster: readonly string[] };

/** Longest pause between two tries to connect; work has to go on within a second of Redis being back. */
const RECONNECT_MS = 500;
const FIRST_RECONNECT_MS = 50;

const retryStrategy = (tries: number): number =>
  Math.min(FIRST_RECONNECT_MS * 2 ** Math.min(tries - 1, 10), RECONNECT_MS);

/** Nothing waits for a Redis that is away: a command fails at once, or after a second where the server is silent. */
const OPTIONS = {
  // RESP2 needs no HELLO, which old servers and proxies do not know.
  protocol: 2,
  enableOfflineQueue: false,
  enableAutoPipelining: true,
  maxRetriesPerRequest: 1,
  autoResendUnfulfilledCommands: false,
  commandTimeout: 1_000,
  connectTimeout: 2_000,
  retryStrategy,
  // After a failover the old primary answers READONLY: look for the new one.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} satisfies RedisOptions;

/** A client that connects by itself, again and again, and never throws outside of a command. */
export function openRedis(location: RedisLocation): RedisClient {
  const redis = open(location);
  // The health source asks and tells; without a listener ioredis prints each failure.
  redis.on('error', () => undefined);
  return redis;
}

function open(location: RedisLocation): RedisClient {
  if ('socketPath' in location) return new Redis({ ...OPTIONS, path: location.socketPath });
  if ('sentinel' in location) {
    const { name, nodes } = location.sentinel;
    return new Redis({ ...OPTIONS, name, sentinels: nodes.map(hostPort), sentinelRetryStrategy: retryStrategy });
  }
  if ('cluster' in location) return openCluster(location.cluster);
  const { protocol, pathname, searchParams } = new URL(location.url);
  if (protocol !== 'unix:') return new Redis(location.url, OPTIONS);
  return new Redis({ ...OPTIONS, path: decodeURIComponent(pathname), db: Number(searchParams.get('db') ?? 0) });
}

function openCluster(urls: readonly string[]): Cluster {
  const nodes: ClusterNode[] = [];
  let credentials: Pick<RedisOptions, 'username' | 'password' | 'tls'> = {};
  for (const text of urls) {
    const { protocol, hostname, port, username, password } = new URL(text);
    nodes.push({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 6379 });
    credentials = {
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' ? { tls: {} } : {}),
    };
  }
  return new Cluster(nodes, {
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: 2_000,
    retryDelayOnFailover: 100,
    retryDelayOnClusterDown: 100,
    maxRedirections: 4,
    redisOptions: { ...OPTIONS, ...credentials },
  });
}

function hostPort(node: string): { host: string; port: number } {
  const { hostname, port } = new URL(`redis://${node}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 26_379 };
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

const CODES = /^[A-Z][A-Z0-9_]+ /;

/**
 * A short text for what a command rejected with: the server's own error line, or what the connection met. Never the
 * command's arguments, which is where ioredis keeps passwords.
 */
export function redisFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure';
  const { message } = error;
  if (/enableOfflineQueue|Connection is closed|Stream isn't writeable/i.test(message)) return 'no connection';
  if (message.startsWith('Command timed out')) return 'no answer within a second';
  if (CODES.test(message) || message.startsWith('connect ')) return message.split('\n', 1)[0]?.slice(0, 200) ?? '';
  return message === '' ? error.name : (message.split('\n', 1)[0]?.slice(0, 200) ?? '');
}

/** Where Redis is, for people: without user, password or anything else after the path. */
export function describeRedis(location: RedisLocation): string {
  if ('socketPath' in location) return `unix socket ${location.socketPath}`;
  if ('sentinel' in location) return `sentinel ${location.sentinel.name}`;
  if ('cluster' in location) return `cluster ${location.cluster.map(bare).join(', ')}`;
  return bare(location.url);
}

function bare(text: string): string {
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}
