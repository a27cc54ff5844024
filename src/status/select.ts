import { isIPv4 } from 'node:net';

/** A peer as far as choosing and sorting goes. */
export interface Candidate {
  readonly uuid: string;
  readonly ip: string | null;
  readonly state: string;
  /** What it is sorted by; equal ones are sorted by their UUID. */
  readonly key: string | number;
}

export interface Selection<T> {
  readonly page: readonly T[];
  /** How many match on all pages. */
  readonly total: number;
  /** Where the next page begins, undefined at the end. */
  readonly next: string | undefined;
}

export interface Choice {
  readonly states: ReadonlySet<string> | undefined;
  /** Part of a UUID or of an address, in any case of letters. */
  readonly q: string | undefined;
  readonly descending: boolean;
  readonly limit: number;
  readonly cursor: Cursor | undefined;
}

export interface Cursor {
  readonly key: string | number;
  readonly uuid: string;
}

type Place = Pick<Candidate, 'key' | 'uuid'>;

/**
 * One page of those that match: the first so many after the cursor. Only one page is ever sorted, so that each page costs
 * one walk, however many there are.
 */
export function select<T extends Candidate>(candidates: Iterable<T>, choice: Choice): Selection<T> {
  const { states, limit, cursor, descending } = choice;
  const wanted = choice.q?.toLowerCase();
  const sign = descending ? -1 : 1;
  const page: T[] = [];
  let [total, after] = [0, 0];
  for (const one of candidates) {
    if (states !== undefined && !states.has(one.state)) continue;
    if (wanted !== undefined && !one.uuid.toLowerCase().includes(wanted) && one.ip?.includes(wanted) !== true) continue;
    total += 1;
    if (cursor !== undefined && order(one, cursor, sign) <= 0) continue;
    after += 1;
    const last = page[limit - 1];
    if (last === undefined || order(one, last, sign) < 0) insert(page, one, sign, limit);
  }
  const last = page.at(-1);
  return { page, total, next: after > page.length && last !== undefined ? toText(last) : undefined };
}

function insert<T extends Place>(page: T[], one: T, sign: number, limit: number): void {
  let [low, high] = [0, page.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = page[middle];
    if (there !== undefined && order(there, one, sign) < 0) low = middle + 1;
    else high = middle;
  }
  page.splice(low, 0, one);
  if (page.length > limit) page.pop();
}

function order(a: Place, b: Place, sign: number): number {
  if (a.key !== b.key) return (a.key < b.key ? -1 : 1) * sign;
  return a.uuid < b.uuid ? -1 : a.uuid > b.uuid ? 1 : 0;
}

function toText({ key, uuid }: Place): string {
  return Buffer.from(JSON.stringify([key, uuid])).toString('base64url');
}

/** The cursor in the text; undefined where it is none of ours. */
export function readCursor(text: string): Cursor | undefined {
  try {
    const read: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (!Array.isArray(read) || read.length !== 2) return undefined;
    const [key, uuid] = read as unknown[];
    if (typeof uuid !== 'string' || (typeof key !== 'string' && typeof key !== 'number')) return undefined;
    return { key, uuid };
  } catch {
    return undefined;
  }
}

/** IPv4 addresses in the order of their numbers, before all others. */
export function addressKey(ip: string | null): string {
  if (ip === null) return '~';
  return isIPv4(ip)
    ? ip
        .split('.')
        .map((part) => part.padStart(3, '0'))
        .join('.')
    : `:${ip}`;
}
