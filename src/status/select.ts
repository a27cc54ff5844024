import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** The fields of a peer that selection and sorting use. */
export interface Candidate {
  readonly uuid: string;
  readonly ip: string | null;
  readonly state: string;
  /** The sort key, at most 47 characters. Peers with equal keys are sorted by UUID. */
  readonly key: string | number;
}

export interface Selection<T> {
  readonly page: readonly T[];
  /** The number of matches on all pages. */
  readonly total: number;
  /** The cursor of the next page; undefined at the end. */
  readonly next: string | undefined;
}

export interface Choice {
  readonly states: ReadonlySet<string> | undefined;
  /** Part of a UUID or of an address, in upper or lower case. */
  readonly q: string | undefined;
  readonly descending: boolean;
  readonly limit: number;
  readonly cursor: Cursor | undefined;
}

/** The end of the previous page. */
export interface Cursor {
  readonly key: string | number;
  /** The UUID as returned by `orderName`. */
  readonly name: string;
}

/** Longer than a UUID. The registry may hold a text of any length in its place, but a cursor must fit into a query. */
const MAX_NAME = 48;
const HEAD = 32;
/** Longer than an address. */
const MAX_KEY = 46;

interface Found<T> {
  readonly one: T;
  readonly name: string;
}

/**
 * One page of the matches: the first `limit` after the cursor. Only one page is ever sorted, so each page costs one
 * pass, whatever the number of peers.
 */
export function select<T extends Candidate>(candidates: Iterable<T>, choice: Choice): Selection<T> {
  const { states, limit, cursor, descending } = choice;
  const wanted = choice.q?.toLowerCase();
  const sign = descending ? -1 : 1;
  const page: Found<T>[] = [];
  let [total, after] = [0, 0];
  for (const one of candidates) {
    const { key, uuid } = one;
    if (states !== undefined && !states.has(one.state)) continue;
    if (wanted !== undefined && !uuid.toLowerCase().includes(wanted) && !isIn(one.ip, wanted)) continue;
    total += 1;
    const name = orderName(uuid);
    if (cursor !== undefined && order(key, name, cursor.key, cursor.name, sign) <= 0) continue;
    after += 1;
    const last = page[limit - 1];
    if (last === undefined || order(key, name, last.one.key, last.name, sign) < 0)
      insert(page, { one, name }, sign, limit);
  }
  const last = page.at(-1);
  return {
    page: page.map(({ one }) => one),
    total,
    next: after > page.length && last !== undefined ? toText(last.one.key, last.name) : undefined,
  };
}

function insert<T extends Candidate>(page: Found<T>[], found: Found<T>, sign: number, limit: number): void {
  const { key } = found.one;
  let [low, high] = [0, page.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = page[middle];
    if (there !== undefined && order(there.one.key, there.name, key, found.name, sign) < 0) low = middle + 1;
    else high = middle;
  }
  page.splice(low, 0, found);
  if (page.length > limit) page.pop();
}

function isIn(ip: string | null, wanted: string): boolean {
  return ip?.toLowerCase().includes(wanted) === true;
}

/** The sort key of peers with equal keys: the UUID, or the start and the digest of a longer text. */
function orderName(uuid: string): string {
  if (uuid.length <= MAX_NAME) return uuid;
  return uuid.slice(0, HEAD) + createHash('sha256').update(uuid).digest('hex');
}

function order(key: Cursor['key'], name: string, otherKey: Cursor['key'], otherName: string, sign: number): number {
  if (key !== otherKey) return (key < otherKey ? -1 : 1) * sign;
  return name < otherName ? -sign : name > otherName ? sign : 0;
}

function toText(key: Cursor['key'], name: string): string {
  return Buffer.from(JSON.stringify([key, name])).toString('base64url');
}

/** Parses a cursor; undefined if it is invalid. */
export function readCursor(text: string): Cursor | undefined {
  try {
    const read: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (!Array.isArray(read) || read.length !== 2) return undefined;
    const [key, name] = read as unknown[];
    if (typeof name !== 'string' || (typeof key !== 'string' && typeof key !== 'number')) return undefined;
    return { key, name };
  } catch {
    return undefined;
  }
}

/** Sorts IPv4 addresses by number, before all others. */
export function addressKey(ip: string | null): string {
  if (ip === null) return '~';
  return isIPv4(ip)
    ? ip
        .split('.')
        .map((part) => part.padStart(3, '0'))
        .join('.')
    : `:${ip.slice(0, MAX_KEY)}`;
}
