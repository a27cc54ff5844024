import ms from 'ms';
import type { Parsed } from './schema.js';

const MASK = '***';
const DURATION = /^(interval|timeout|suspectInterval|initial|max|grace)$/;

type Tree = Readonly<Record<string, unknown>>;

/** The effective configuration as it would be written, durations as such and every secret masked. */
export function masked(parsed: Parsed): Tree {
  return group(parsed, []);
}

function group(tree: Tree, path: readonly string[]): Tree {
  const entries = Object.entries(tree).filter(([name, value]) => name !== '$schema' && value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, shown(value, [...path, name])]));
}

function shown(value: unknown, path: readonly string[]): unknown {
  const name = path.at(-1) ?? '';
  if (path.at(-2) === 'headers' || name === 'secret') return MASK;
  if (typeof value === 'number' && DURATION.test(name)) return durationText(value);
  if (typeof value === 'string') return maskUrl(value);
  if (Array.isArray(value)) return value.map((item: unknown) => shown(item, path));
  return typeof value === 'object' && value !== null ? group(value as Tree, path) : value;
}

/** In the largest unit that gives a whole number. */
function durationText(value: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    const size = ms(`1${unit}`);
    if (value >= size && value % size === 0) return `${String(value / size)}${unit}`;
  }
  return `${String(value)}ms`;
}

/** User, password and query of a URL may be secrets; its place is not. */
export function maskUrl(text: string): string {
  if (!/^[a-z]+:\/\//i.test(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  const user = url.username === '' && url.password === '' ? '' : `${MASK}@`;
  const query = [...url.searchParams.keys()].map((name) => `${name}=${MASK}`).join('&');
  return `${url.protocol}//${user}${url.host}${url.pathname}${query === '' ? '' : `?${query}`}`;
}
