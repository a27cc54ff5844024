import type { RedisOptions } from 'ioredis';

interface Login {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** PEM texts: the authorities to trust instead of those of the system, our certificate, its key. */
interface Pem {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

interface Sentinels extends Login {
  readonly name: string;
  readonly nodes: readonly string[];
}

/** The address of Redis: exactly one of these. */
type ServerAddress =
  | { readonly url: string }
  | { readonly socketPath: string }
  | { readonly sentinel: Sentinels; readonly database?: number }
  | { readonly cluster: readonly string[] };

/** The address of Redis and the login. A URL may contain the login instead. */
export type RedisLocation = ServerAddress & Login & { readonly tls?: Pem };

type Entry = Pick<RedisOptions, 'username' | 'password' | 'tls'>;

const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;

/** The client options for a server, or for the sentinels in front of it. */
export function serverOptions(location: Exclude<RedisLocation, { readonly cluster: unknown }>) {
  if ('socketPath' in location) return { path: location.socketPath };
  if ('sentinel' in location) return behindSentinel(location);
  const url = new URL(location.url);
  if (url.protocol !== 'unix:') return { ...hostOf(url), ...entry([url], location), db: databaseOf(url) };
  return { path: decodeURIComponent(url.pathname), ...login(location), db: databaseOf(url) };
}

/** The client options for a Cluster: some nodes, and the login for every node. */
export function clusterOptions(location: Extract<RedisLocation, { readonly cluster: unknown }>) {
  const urls = location.cluster.map((text) => new URL(text));
  return { nodes: urls.map((url) => hostOf(url)), entry: entry(urls, location) };
}

function behindSentinel(location: Extract<RedisLocation, { readonly sentinel: unknown }>) {
  const { sentinel, database = 0, tls } = location;
  const { username, password } = login(sentinel);
  const encrypted = tls !== undefined && Object.values(tls).some((text) => text !== undefined);
  return {
    name: sentinel.name,
    sentinels: sentinel.nodes.map((node) => hostOf(new URL(`redis://${node}`), SENTINEL_PORT)),
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...login(location),
    ...(encrypted ? { tls: secure(tls), sentinelTLS: secure(tls), enableTLSForSentinelMode: true } : {}),
    db: database,
  };
}

/** The database of a URL, from its path or from `?db=`. */
function databaseOf({ protocol, pathname, searchParams }: URL): number {
  const text = searchParams.get('db') ?? (protocol === 'unix:' ? '' : pathname.slice(1));
  // The client would read a value that is not a number as database 0.
  if (/^\d*$/.test(text)) return Number(text);
  throw new Error('redis.url: expected a number as the database');
}

function hostOf({ hostname, port }: URL, usualPort = REDIS_PORT): { readonly host: string; readonly port: number } {
  return { host: hostname.replace(/^\[|\]$/g, '') || '127.0.0.1', port: Number(port) || usualPort };
}

/** The login for the servers of these URLs, which share their users. */
function entry(urls: readonly URL[], { tls, ...own }: Login & { readonly tls?: Pem }): Entry {
  const named = urls.map(({ username, password }) =>
    login({ username: decodeURIComponent(username), password: decodeURIComponent(password) }),
  );
  const encrypted = urls.some(({ protocol }) => protocol === 'rediss:');
  return Object.assign({}, login(own), ...named, encrypted ? { tls: secure(tls) } : {}) as Entry;
}

function login({ username = '', password = '' }: Login): Pick<RedisOptions, 'username' | 'password'> {
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

function secure({ ca, cert, key }: Pem = {}): NonNullable<RedisOptions['tls']> {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** The address of Redis in a message: without user or password. */
export function describeRedis(location: RedisLocation): string {
  if ('socketPath' in location) return `unix socket ${location.socketPath}`;
  if ('sentinel' in location) return `sentinel ${location.sentinel.name}`;
  if ('cluster' in location) return `cluster ${location.cluster.map(bare).join(', ')}`;
  return bare(location.url);
}

function bare(text: string): string {
  const url = new URL(text);
  const database = url.searchParams.has('db') ? `?db=${databaseOf(url)}` : '';
  return `${url.protocol}//${url.host}${url.pathname}${database}`;
}
