import { isNamed } from '../domain/notify/template.js';
import type { Config } from './config.js';
import { durationText } from './duration.js';
import { isTree, type Tree } from './file.js';

const MASK = '***';
/** The whole URL of a webhook is a secret, because its path grants access. */
const SECRETS: ReadonlySet<string> = new Set(['secret', 'password', 'token', 'webhook', 'ping']);

/** The configuration as in a file: without units in the names, and with durations as text. */
export function toFileForm(config: Config): Tree {
  return written(config);
}

function written(tree: Tree): Tree {
  const inner = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inner);
    return isTree(value) ? written(value) : value;
  };
  const entries = Object.entries(tree).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (name.endsWith('Ms')) return [name.slice(0, -2), typeof value === 'number' ? durationText(value) : value];
      return [name, name === 'headers' ? value : inner(value)];
    }),
  );
}

/** The same with every secret masked. */
export function masked(config: Config): Tree {
  return concealed('', toFileForm(config)) as Tree;
}

function concealed(name: string, value: unknown): unknown {
  if (SECRETS.has(name)) return MASK;
  // A template of the operator may contain a key of the receiver.
  if (name === 'template') return typeof value === 'string' && isNamed(value) ? value : MASK;
  if (typeof value === 'string') return name === 'path' ? maskQuery(value) : maskUrl(value);
  if (Array.isArray(value)) return value.map((item: unknown) => concealed(name, item));
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([inner, one]) => [inner, name === 'headers' ? MASK : concealed(inner, one)]),
  );
}

/** The user, password and query of a URL may be secrets. Its host and path are not. */
export function maskUrl(text: string): string {
  if (!/^[a-z]+:\/\//i.test(text) || !URL.canParse(text)) return text;
  const { protocol, username, password, host, pathname, search } = new URL(text);
  const user = username === '' && password === '' ? '' : `${MASK}@`;
  const place = `${protocol}//${user}${host}${pathname}`;
  return /^\?db=\d+$/.test(search) ? place + search : maskQuery(place + search);
}

/** The names of query parameters stay visible. A query without names may itself be a token. */
function maskQuery(text: string): string {
  const [place = '', ...query] = text.split('?');
  const parts = query.join('?').split('&');
  const hidden = parts.map((part) => (part.includes('=') ? `${part.split('=', 1).join('')}=${MASK}` : MASK));
  return query.length === 0 ? place : `${place}?${hidden.join('&')}`;
}
