import { z } from 'zod';
import { encodingFault, fault, file, group, integer, isEncoded, listOf, pemFiles, section, text } from './values.js';

const DEFAULT_URL = 'redis://127.0.0.1:6379/0';
const HOST_AND_PORT = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):0*[1-9]\d{0,4}$/;
/** The first brace opens the tag, unless it is empty (Redis Cluster specification, "Hash tags"). */
const HASH_TAG = /^[^{]*\{[^}]+\}/;

/** The fault in the URL of a server, if any: anything that the client would silently misread. */
function serverFault(text: string): string | undefined {
  const encoding = encodingFault(text);
  if (encoding !== undefined) return encoding;
  const noPlace = 'expected a host and, after a colon, a port from 1 to 65535';
  if (!URL.canParse(text)) return noPlace;
  const url = new URL(text);
  if (url.port === '0') return noPlace;
  const path = url.pathname.replace(/^\//, '');
  if (!/^\d{0,9}$/.test(path)) return 'expected the database as a number, such as redis://host/2';
  return queryFault(url) ?? (path !== '' && url.search !== '' ? 'expected the database once: /2 or ?db=2' : undefined);
}

/** A socket URL has no host, so this finds `unix://run/redis.sock` with a missing slash. */
function socketFault(text: string): string | undefined {
  const noPath = 'expected the path of a socket after three slashes, such as unix:///run/redis.sock';
  if (!URL.canParse(text)) return noPath;
  const url = new URL(text);
  return url.host !== '' || url.pathname.length < 2 || !isEncoded(url.pathname) ? noPath : queryFault(url);
}

function queryFault({ hash, searchParams }: URL): string | undefined {
  if (hash !== '') return 'expected nothing after a # in the URL';
  const [[name, value] = [], ...more] = [...searchParams];
  if (name === undefined) return undefined;
  if (name !== 'db' || more.length > 0) return 'expected no query but ?db=, such as ?db=2';
  return /^\d{1,9}$/.test(value ?? '') ? undefined : 'expected the database as a number, such as ?db=2';
}

function urlFault(text: string): string | undefined {
  if (/[\s\p{Cc}]/u.test(text)) return 'expected no spaces or control characters that are not percent-encoded';
  return text.startsWith('unix:') ? socketFault(text) : serverFault(text);
}

/** A Cluster has only database 0, so a URL with another database is a fault. */
function nodeFault(text: string): string | undefined {
  const named = urlFault(text);
  return named ?? (databaseOf(text) > 0 ? 'expected no database: a cluster has only the database 0' : undefined);
}

function databaseOf(text: string): number {
  const { pathname, searchParams } = new URL(text);
  return Number(pathname.slice(1)) || Number(searchParams.get('db'));
}

/** A text that matches the pattern and has no fault. */
function address(what: string, pattern: RegExp, faultOf: (text: string) => string | undefined) {
  return text(what, pattern).check(({ value, issues }) => {
    const message = pattern.test(value) ? faultOf(value) : undefined;
    if (message !== undefined) issues.push(fault(message));
  });
}

const place = address(
  'redis://, rediss:// or unix:// and where it is, or embedded',
  /^(embedded$|rediss?:\/\/|unix:\/\/)/,
  (text) => (text === 'embedded' ? undefined : urlFault(text)),
);
const node = address('a URL beginning with redis:// or rediss://', /^rediss?:\/\//, nodeFault);
/** The client would silently ignore a login here, and take the scheme of a URL for the host. */
const hostAndPort = z
  .string({ error: 'expected host:port' })
  .regex(HOST_AND_PORT, { error: ({ input }) => sentinelFault(String(input)), abort: true })
  .refine((value) => URL.canParse(`redis://${value}`), { error: 'expected host:port' });

function sentinelFault(text: string): string {
  if (text.includes('://')) return 'expected host:port, without redis:// in front';
  if (!text.includes('@')) return 'expected host:port';
  return 'expected host:port without a login: redis.sentinel.username and redis.sentinel.password are for that';
}

/** For a login outside of a URL, where no encoding is needed. */
const loginText = text('a text of 1 to 1000 characters', /^[^]{1,1000}$/).optional();

const shape = {
  url: place
    .default(DEFAULT_URL)
    .describe('Where Redis is; `embedded` starts a private redis-server as a child process.'),
  sentinel: group({
    name: text('a name', /\S/).describe('Name of the primary.'),
    nodes: listOf('a list of host:port', hostAndPort).describe('The sentinels.'),
    username: loginText.describe('ACL user of the sentinels themselves.'),
    password: loginText.describe('Password of the sentinels themselves.'),
  })
    .optional()
    .describe('Redis behind Sentinel, instead of `url`.'),
  cluster: listOf('a list of URLs beginning with redis:// or rediss://', node)
    .optional()
    .describe('Some nodes of a Redis Cluster, instead of `url`; the key prefix needs a hash tag.'),
  username: loginText.describe('ACL user of Redis; a URL may hold it instead.'),
  password: loginText.describe('Password of Redis; a URL may hold it instead.'),
  database: integer(0, 999_999_999)
    .default(0)
    .describe('Number of the database behind Sentinel; a URL holds its own, and a cluster has only 0.'),
  tls: pemFiles('redis.tls').describe('For `rediss://`; any of them makes Sentinel and the Redis behind it use TLS.'),
  keyPrefix: text('a prefix of 1 to 200 printable characters without quotes', /^[!#-&(-_a-~]{1,200}$/)
    .default('p2p:')
    .describe('What every key begins with; the same as in the API.'),
  dataDir: file.default('./data').describe('Folder in which the embedded server keeps its append-only file.'),
};

type Key = keyof typeof shape;
type Values = { readonly [K in Key]?: z.output<(typeof shape)[K]> };

/** Contradictory settings, as pairs of a key and a message. */
function* contradictions(redis: Values, isInvalid: (key: Key) => boolean): Generator<readonly [Key, string]> {
  const { url, sentinel, cluster, username, password, database = 0, tls = {}, keyPrefix } = redis;
  const isGiven = (key: Key): boolean => redis[key] !== undefined || isInvalid(key);
  const instead = (['sentinel', 'cluster'] as const).filter(isGiven);
  // The URLs in use: none with Sentinel.
  const urls = cluster ?? (instead.length > 0 || url === undefined ? [] : [url]);
  if (instead.length > 1) yield ['cluster', 'expected only one of sentinel and cluster'];
  // The example file has the default URL beside them, which is no contradiction.
  if (instead.length > 0 && url !== undefined && url !== DEFAULT_URL) {
    yield ['url', `expected no url beside ${instead.join(' and ')}, which is used instead of it`];
  }
  if (isGiven('cluster') && keyPrefix !== undefined && !HASH_TAG.test(keyPrefix)) {
    yield ['keyPrefix', 'expected a hash tag such as {p2p}: since redis.cluster is set'];
  }
  if (cluster !== undefined && new Set(cluster.map((one) => new URL(one).protocol)).size > 1) {
    yield ['cluster', 'expected all rediss:// or all redis://'];
  }
  if (database > 0 && isGiven('cluster')) yield ['database', 'expected 0: a cluster has only the database 0'];
  else if (database > 0 && sentinel === undefined && !isInvalid('sentinel')) {
    yield ['database', 'expected the database in redis.url, such as redis://host/2'];
  }
  const login = username === undefined ? (password === undefined ? undefined : 'password') : 'username';
  if (login !== undefined && urls.includes('embedded')) {
    yield [login, 'expected none: the embedded server has no users'];
  } else if (login !== undefined && urls.some(hasLogin)) {
    yield [login, `expected one login, here or ${cluster === undefined ? 'the one in the URL' : 'in the URLs'}`];
  }
  const encrypted = instead.includes('sentinel') || urls.every((one) => one.startsWith('rediss:'));
  if (!encrypted && Object.values(tls).some((name) => name !== undefined)) {
    yield ['tls', 'expected none, since only rediss:// is encrypted'];
  }
}

function hasLogin(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}

export const redis = section(shape, contradictions);
