import { z } from 'zod';
import { file, group, isEncoded, listOf, text, url } from './values.js';

const DEFAULT_URL = 'redis://127.0.0.1:6379/0';
const NO_URL = 'expected redis://, rediss:// or unix:// and where it is, or embedded';
/** The first brace opens the tag, if anything stands in it (Redis Cluster specification, "Hash tags"). */
const HASH_TAG = /^[^{]*\{[^}]+\}/;

/** What the client will read off the URL: a login, and the number of a database. */
function isServer({ username, password, pathname }: URL): boolean {
  return isEncoded(username) && isEncoded(password) && /^\/?\d*$/.test(pathname);
}

/** A socket has no host, so `unix://var/run/…` with a slash too few is caught here. */
function isSocket({ host, pathname, searchParams }: URL): boolean {
  return host === '' && pathname.length > 1 && isEncoded(pathname) && /^\d*$/.test(searchParams.get('db') ?? '');
}

const serverUrl = url(['redis', 'rediss'], isServer);
const address = text('host:port', /^\S+:\d{1,5}$/).refine((value) => URL.canParse(`redis://${value}`), {
  error: 'expected host:port',
});

export const redis = group({
  url: z
    .union([z.literal('embedded'), serverUrl, url(['unix'], isSocket)], { error: NO_URL })
    .default(DEFAULT_URL)
    .describe('Where Redis is; `embedded` starts a private redis-server as a child process.'),
  sentinel: group({
    name: text('a name', /\S/).describe('Name of the primary.'),
    nodes: listOf('a list of host:port', address).describe('The sentinels.'),
  })
    .optional()
    .describe('Redis behind Sentinel, instead of `url`.'),
  cluster: listOf('a list of URLs beginning with redis:// or rediss://', serverUrl)
    .optional()
    .describe('Some nodes of a Redis Cluster, instead of `url`; the key prefix needs a hash tag.'),
  keyPrefix: text('a prefix of 1 to 200 printable characters', /^[!-~]{1,200}$/)
    .default('p2p:')
    .describe('What every key begins with; the same as in the API.'),
  dataDir: file.default('./data').describe('Folder in which the embedded server keeps its append-only file.'),
}).check(({ value, issues }) => {
  const fault = (key: string, message: string): void => {
    issues.push({ code: 'custom', message, path: [key], input: undefined });
  };
  const instead = (['sentinel', 'cluster'] as const).filter((key) => value[key] !== undefined);
  if (instead.length > 1) fault('cluster', 'expected only one of sentinel and cluster');
  // The default beside them is what the example file has, and contradicts nobody.
  if (instead.length > 0 && value.url !== DEFAULT_URL) {
    fault('url', `expected no url beside ${instead.join(' and ')}, which is used instead of it`);
  }
  if (value.cluster !== undefined && !HASH_TAG.test(value.keyPrefix)) {
    fault('keyPrefix', 'expected a hash tag such as {p2p}: since redis.cluster is set');
  }
});
