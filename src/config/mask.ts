import { durationText } from './duration.js';
import { keys } from './paths.js';
import type { Parsed } from './schema.js';

const MASK = '***';

/** Of all keys only durations may be written as a number or as a text. */
const DURATIONS: ReadonlySet<string> = new Set(
  keys.filter(({ node }) => node.anyOf?.some(({ type }) => type === 'number')).map(({ path }) => path),
);

type Tree = Readonly<Record<string, unknown>>;

/** The effective configuration as it would be written, durations as such and every secret masked. */
export function masked(parsed: Parsed): Tree {
  return group(parsed, '');
}

function group(tree: Tree, prefix: string): Tree {
  const entries = Object.entries(tree).filter(([name, value]) => name !== '$schema' && value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, shown(value, `${prefix}${name}`)]));
}

function shown(value: unknown, path: string): unknown {
  if (/\.headers\.|\.secret$/.test(path)) return MASK;
  if (typeof value === 'number' && DURATIONS.has(path)) return durationText(value);
  if (typeof value === 'string') return path.endsWith('.path') ? maskQuery(value) : maskUrl(value);
  if (Array.isArray(value)) return value.map((item: unknown) => shown(item, path));
  return typeof value === 'object' && value !== null ? group(value as Tree, `${path}.`) : value;
}

/** User, password and query of a URL may be secrets; its place is not. */
export function maskUrl(text: string): string {
  if (!/^[a-z]+:\/\//i.test(text) || !URL.canParse(text)) return text;
  const { protocol, username, password, host, pathname, search } = new URL(text);
  const user = username === '' && password === '' ? '' : `${MASK}@`;
  return maskQuery(`${protocol}//${user}${host}${pathname}${search}`);
}

/** The names of a query's parameters stay; a query without names may be a token itself. */
function maskQuery(text: string): string {
  const [place = '', ...query] = text.split('?');
  const parts = query.join('?').split('&');
  const hidden = parts.map((part) => (part.includes('=') ? `${part.split('=', 1).join('')}=${MASK}` : MASK));
  return query.length === 0 ? place : `${place}?${hidden.join('&')}`;
}
