import { batch, effect, signal } from '@preact/signals';
import type { ConsumerRow, ProducerRow } from '../status/schema.js';
import { getJson } from './base.js';
import { connected, journal, status } from './state.js';
import { view, type View } from './view.js';

export type Row = ConsumerRow | ProducerRow;

interface Answer {
  readonly peers: readonly Row[];
  readonly next: string | null;
  readonly as_of: number;
  readonly total: number;
}

interface Page {
  readonly cursor: string | null;
  readonly limit: number;
  readonly rows: readonly Row[];
  readonly next: string | null;
}

/** Peers of one request; more where one jumps far down. */
const LIMIT = 100;
const LIMIT_FAR = 500;
const REFRESH_MS = 5_000;
const SOON_MS = 700;

/** What is loaded, in the server's order; more is loaded as it comes into sight. */
export const rows = signal<readonly Row[]>([]);
/** How many match, loaded or not. */
export const total = signal<number | undefined>(undefined);
/** When what is said of them was true. */
export const rowsAsOf = signal<number | undefined>(undefined);
/** Why the last request failed, empty where it did not. */
export const trouble = signal('');

let pages: Page[] = [];
let sight = { from: 0, to: 40 };
/** Counts the questions: an answer to an older one is of no use. */
let question = 0;
let work: Promise<void> = Promise.resolve();
let shown = '';

/** Loads what a question needs, now and whenever it changes; keeps what is in sight fresh for as long as the page is open. */
export function followPeers(): void {
  effect(() => {
    const { kind, state, q, sort } = view.value;
    ask(new URLSearchParams({ kind, sort, ...(state && { state }), ...(q && { q }) }));
  });
  effect(() => {
    const [newest] = journal.value;
    if (newest !== undefined && /^(peer|announcement)/.test(newest.type)) refreshSoon();
  });
  effect(() => {
    if (connected.value) refreshSoon();
  });
  setInterval(() => {
    const known = checksSoFar();
    if (document.hidden || !connected.value || known === shown) return;
    shown = known;
    refresh();
  }, REFRESH_MS);
}

/** Changes whenever a round of any lane has ended: before that there is little news of any peer. */
function checksSoFar(): string {
  const { lanes, peers } = status.value ?? {};
  return JSON.stringify([Object.values(lanes ?? {}).map(({ rounds, last_round_ms: took }) => [rounds, took]), peers]);
}

/** Tells which rows are in sight: they are loaded where they are not yet. */
export function see(from: number, to: number): void {
  sight = { from, to };
  const mine = question;
  if (pages.length > 0 && rows.value.length < to) enqueue(() => loadUpTo(mine));
}

let asked = new URLSearchParams();

function ask(query: URLSearchParams): void {
  if (query.toString() === asked.toString() && pages.length > 0) return;
  asked = query;
  question += 1;
  const mine = question;
  enqueue(async () => {
    const page = await fetchPage(null, LIMIT, mine);
    if (page === undefined) return;
    pages = [page];
    publish();
    await loadUpTo(mine);
  });
}

async function loadUpTo(mine: number): Promise<void> {
  for (;;) {
    const cursor = pages.at(-1)?.next ?? null;
    if (mine !== question || cursor === null || rows.value.length >= sight.to) return;
    const limit = Math.max(LIMIT, Math.min(LIMIT_FAR, sight.to - rows.value.length));
    const page = await fetchPage(cursor, limit, mine);
    if (page === undefined) return;
    pages = [...pages, page];
    publish();
  }
}

let soon: ReturnType<typeof setTimeout> | undefined;

function refreshSoon(): void {
  soon ??= setTimeout(() => {
    soon = undefined;
    refresh();
  }, SOON_MS);
}

/** Asks again for the pages in sight, and for no others. */
function refresh(): void {
  const mine = question;
  enqueue(async () => {
    let begin = 0;
    for (let i = 0; i < pages.length && mine === question; i++) {
      const { cursor, limit, rows: old } = pages[i] ?? { cursor: null, limit: LIMIT, rows: [] };
      const seen = begin < sight.to && begin + old.length > sight.from;
      begin += old.length;
      if (!seen && !(i === 0 && old.length === 0)) continue;
      const page = await fetchPage(cursor, limit, mine);
      if (page === undefined) return;
      const following = pages[i + 1];
      pages[i] = page;
      // The next page begins where this one ends now.
      if (page.next === null) pages.length = i + 1;
      else if (following !== undefined) pages[i + 1] = { ...following, cursor: page.next };
      publish();
    }
  });
}

/** One request at a time: pages hang together by their cursors. */
function enqueue(task: () => Promise<void>): void {
  work = work.then(task).catch((error: unknown) => {
    trouble.value = error instanceof Error ? error.message : String(error);
  });
}

async function fetchPage(cursor: string | null, limit: number, mine: number): Promise<Page | undefined> {
  if (mine !== question) return undefined;
  const query = new URLSearchParams(asked);
  query.set('limit', String(limit));
  if (cursor !== null) query.set('cursor', cursor);
  const { peers, next, as_of: asOf, total: all } = await getJson<Answer>(`api/peers?${query.toString()}`);
  if (mine !== question) return undefined;
  batch(() => {
    total.value = all;
    rowsAsOf.value = asOf;
    trouble.value = '';
  });
  // The days are for the drawer, which asks for them; of ten thousand peers they would be most of what is kept.
  return { cursor, limit, rows: peers.map((row) => (row.kind === 'consumer' ? { ...row, days: null } : row)), next };
}

/** A peer that moved between two pages stands in both until both are asked again. */
function publish(): void {
  const known = new Set<string>();
  rows.value = pages.flatMap(({ rows: own }) =>
    own.filter(({ uuid }) => {
      if (known.has(uuid)) return false;
      known.add(uuid);
      return true;
    }),
  );
}

/** The sort after a click on a column: up, down, and back to problems first. */
export function nextSort(sort: View['sort'], column: string): string {
  if (sort === column) return `-${column}`;
  return sort === `-${column}` ? 'problems' : column;
}
