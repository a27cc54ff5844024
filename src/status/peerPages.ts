import type { RedisClient } from '../clients/redis.js';
import { countOf, ifOfAnotherType } from '../clients/replies.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Config } from '../config/config.js';
import { producerState, type ProducerState } from '../domain/announce/producerState.js';
import { peerUrl } from '../domain/call/url.js';
import { uptime, type Bucket, type History } from '../domain/history.js';
import type { Keys } from '../domain/keys.js';
import { readEntry } from '../domain/peer/entry.js';
import type { RegistryEntry } from '../domain/peer/peer.js';
import type { Leadership } from '../state/leadership.js';
import { PeerBook } from '../state/peerBook.js';
import type { PeerRow } from '../state/peerRow.js';
import { stateOf } from './census.js';
import { KeptReading } from './keptReading.js';
import type { Observations } from './observations.js';
import type { ProducerEntry, RegistryPicture, RegistryView } from './registryView.js';
import type { SharingView } from './report.js';
import type { ConsumerRow, PeerDetail, PeersAnswer, PeersQuery, ProducerRow } from './schema.js';
import { addressKey, readCursor, select, type Candidate, type Choice } from './select.js';

export interface PeerPagesSource {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly config: () => Config;
  readonly book: PeerBook;
  readonly observations: Observations;
  readonly registry: Pick<RegistryView, 'read'>;
  /** Whether the book holds the whole registry: it does in a leader that does not share it. */
  readonly leadership: Pick<Leadership, 'leads'>;
  readonly sharing: SharingView | undefined;
  readonly readAll: () => AsyncIterable<readonly RegistryEntry[]>;
  readonly readEntries: (uuids: readonly string[]) => Promise<readonly RegistryEntry[]>;
  readonly readHistories: (uuids: readonly string[]) => Promise<readonly (History | undefined)[]>;
  readonly wall: () => number;
  readonly steady: () => number;
}

type Row = readonly [uuid: string, row: PeerRow];

/** All consumers of the registry as of one read. */
interface WholeRegistry {
  readonly at: number;
  readonly book: PeerBook;
}

interface Consumer extends Candidate {
  readonly row: PeerRow;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SECOND_MS = 1_000;
/** Up to this number of consumers, those that no round has seen yet are included too. */
const SMALL_REGISTRY = 2_000;
/** The longest time that a request waits for the first read of a registry that the book does not hold as a whole. */
const FIRST_WAIT_MS = 10_000;
/** A text of the registry has one character for each byte. */
const BEYOND_BYTES = /[^\0-\xff]/;
/** States that need attention come first. Within a state the newest change comes first. */
const RANKS: Readonly<Record<string, number>> = {
  suspect: 0,
  unavailable: 1,
  invalid: 2,
  denied: 3,
  pending: 4,
  available: 5,
  owing: 0,
  untold: 3,
  knows: 4,
};
const RANK = 2 ** 33;
const DETAILS = ['state', 'state_since', 'checked_at', 'last_ok_at', 'latency_ms', 'failures', 'error'] as const;
const FIELDS = [...DETAILS, 'last_seen', 'recent'] as const;

/** The cursor in the request is invalid. */
export class CursorError extends Error {}

/** Pages of the peers: selected in memory, with details from Redis, or from memory alone while Redis is away. */
export class PeerPages {
  readonly #wholeRegistry: KeptReading<WholeRegistry>;

  constructor(private readonly source: PeerPagesSource) {
    this.#wholeRegistry = new KeptReading(() => this.#readAll(), source.steady, FIRST_WAIT_MS);
  }

  async page(query: PeersQuery): Promise<PeersAnswer> {
    return query.kind === 'consumer' ? this.#consumers(query) : this.#producers(query);
  }

  /** One peer with its full history; undefined if it is not registered. */
  async one(kind: 'consumer' | 'producer', uuid: string): Promise<PeerDetail | undefined> {
    const { config, wall } = this.source;
    if (kind === 'producer') {
      const picture = await this.source.registry.read();
      const found = picture?.producers.find((one) => one.uuid === uuid);
      if (picture === undefined || found === undefined) return undefined;
      const peer = producerRow(found, this.#producerState(found, picture));
      return { peer, history: null, as_of: picture.at, url: urlOf(found, config().announce, config()) };
    }
    const row = await this.#rowOf(uuid);
    if (row === undefined) return undefined;
    const { rows, histories, asOf } = await this.#rowsOf([candidate(uuid, row, 'uuid')]);
    const [peer] = rows;
    if (peer === undefined) return undefined;
    const [history] = histories;
    return {
      peer,
      history: histories.length === 0 ? null : toHistory(history, wall()),
      as_of: asOf,
      url: urlOf(row, config().sync, config()),
    };
  }

  /** A registered consumer, even if no round has seen it yet; from the book while Redis is away. */
  async #rowOf(uuid: string): Promise<PeerRow | undefined> {
    const { book, observations, config, readEntries } = this.source;
    if (!observations.redis.up) return book.rowOf(uuid);
    if (BEYOND_BYTES.test(uuid) || uuid.toLowerCase() === config().uuid) return undefined;
    try {
      const [entry] = await readEntries([uuid]);
      return entry && (book.rowOf(uuid) ?? this.#bookOf([entry]).rowOf(uuid));
    } catch {
      return book.rowOf(uuid);
    }
  }

  async #consumers(query: PeersQuery): Promise<PeersAnswer> {
    const name = query.sort.replace(/^-/, '');
    const { rows, at } = await this.#candidates();
    function* candidates(): Generator<Consumer> {
      for (const [uuid, row] of rows) yield candidate(uuid, row, name);
    }
    const { page, total, next } = select(candidates(), choiceOf(query));
    const { rows: peers, asOf } = await this.#rowsOf(page);
    return { peers, next: next ?? null, as_of: Math.min(asOf, at ?? asOf), total };
  }

  /**
   * The consumers in the book, and in a small registry also those that no round has seen yet. If the book does not hold
   * the whole of a large registry, the other consumers come from the last read, and `at` is the time of that.
   */
  async #candidates(): Promise<{ readonly rows: Iterable<Row>; readonly at?: number }> {
    const { redis, keys, book, config, readEntries, observations, leadership, sharing } = this.source;
    if (!observations.redis.up) return { rows: book.entries() };
    try {
      if ((await withTimeout(redis.scard(keys.consumers))) > SMALL_REGISTRY) {
        if (leadership.leads && sharing === undefined) return { rows: book.entries() };
        const whole = await this.#wholeRegistry.read();
        if (whole === undefined) return { rows: book.entries(), at: observations.startedAt };
        return { rows: withOthers(book, whole.book), at: whole.at };
      }
      const members = (await withTimeout(redis.smembersBuffer(keys.consumers))).map((one) => one.toString('latin1'));
      const registered = new Set(members);
      const unseen = members.filter((uuid) => book.rowOf(uuid) === undefined && uuid !== config().uuid);
      const fresh = this.#bookOf(await readEntries(unseen));
      // Only now, because a round may have dropped some of them since.
      const known = [...book.entries()].filter(([uuid]) => registered.has(uuid));
      return { rows: [...known, ...without(book, fresh)] };
    } catch {
      return { rows: book.entries() };
    }
  }

  #bookOf(entries: readonly RegistryEntry[], book = new PeerBook(this.source.config().network.allow)): PeerBook {
    for (const entry of entries) book.remember(entry, 1);
    return book;
  }

  async #readAll(): Promise<WholeRegistry> {
    const { readAll, config, wall } = this.source;
    const book = this.#bookOf([]);
    for await (const page of readAll()) {
      const others = page.filter(({ uuid }) => uuid.toLowerCase() !== config().uuid);
      this.#bookOf(others, book);
    }
    return { at: wall(), book };
  }

  /** The consumers of a page with details and histories from the registry; from the book while Redis is away. */
  async #rowsOf(
    page: readonly Consumer[],
  ): Promise<{ rows: ConsumerRow[]; histories: readonly (History | undefined)[]; asOf: number }> {
    const { redis, keys, wall, observations, readHistories } = this.source;
    // A row that a round drops while Redis is asked reads as empty from then on.
    const known = page.map(fromBook);
    const changedAt = observations.ip?.since ?? (await this.source.registry.read())?.ipChangedAt;
    const now = wall();
    // If a read fails before the outage is noticed, the book is still current.
    const { up, since = now } = observations.redis;
    try {
      if (!up) throw new Error('away');
      const [fields, histories] = await Promise.all([
        withTimeout(
          Promise.all(
            page.map(({ uuid }) =>
              redis
                .hmgetBuffer(Buffer.from(keys.consumer(uuid), 'latin1'), ...FIELDS)
                .catch(ifOfAnotherType<(Buffer | null)[]>([])),
            ),
          ),
        ),
        readHistories(page.map(({ uuid }) => uuid)),
      ]);
      const rows = known.map((row, i) => {
        const texts = (fields[i] ?? []).map((value) => value?.toString('latin1') ?? null);
        return fromRegistry(row, texts, histories[i], now, changedAt);
      });
      return { rows, histories, asOf: now };
    } catch {
      return {
        rows: known.map((row) => ({ ...row, knows_ip: knowsIp(row.last_ok_at, changedAt, SECOND_MS) })),
        histories: [],
        asOf: up ? now : Math.min(now, since),
      };
    }
  }

  async #producers(query: PeersQuery): Promise<PeersAnswer> {
    const picture = await this.source.registry.read();
    if (picture === undefined) return { peers: [], next: null, as_of: this.source.observations.startedAt, total: 0 };
    const name = query.sort.replace(/^-/, '');
    const candidates = picture.producers.map((entry) => {
      const state = this.#producerState(entry, picture);
      return { uuid: entry.uuid, ip: entry.ip, state, key: producerKey(name, entry, state), entry };
    });
    const { page, total, next } = select(candidates, choiceOf(query));
    const peers = page.map(({ entry, state }) => producerRow(entry, state));
    return { peers, next: next ?? null, as_of: picture.at, total };
  }

  #producerState(entry: ProducerEntry, picture: RegistryPicture): ProducerState {
    return producerState(entry, this.source.observations.ip?.value ?? picture.ip);
  }
}

/** The consumers of our book, and the others of the registry. */
function* withOthers(own: PeerBook, all: PeerBook): Generator<Row> {
  yield* own.entries();
  yield* without(own, all);
}

function* without(own: PeerBook, all: PeerBook): Generator<Row> {
  for (const one of all.entries()) if (own.rowOf(one[0]) === undefined) yield one;
}

function choiceOf({ state, q, sort, limit, cursor: text }: PeersQuery): Choice {
  const cursor = text === undefined ? undefined : readCursor(text);
  if (text !== undefined && cursor === undefined) throw new CursorError('cursor: expected the `next` of a page before');
  return {
    states: state === undefined ? undefined : new Set(state.split(',')),
    q: q === undefined || q === '' ? undefined : q,
    descending: sort.startsWith('-'),
    limit,
    cursor,
  };
}

function candidate(uuid: string, row: PeerRow, sort: string): Consumer {
  const state = stateOf(row);
  return { uuid, ip: row.ip, state, key: consumerKey(sort, row, state), row };
}

function consumerKey(sort: string, row: PeerRow, state: string): string | number {
  switch (sort) {
    case 'problems':
      return (RANKS[state] ?? 9) * RANK - row.stateS;
    case 'ip':
      return addressKey(row.ip);
    case 'state':
      return RANKS[state] ?? 9;
    case 'since':
      return row.stateS;
    case 'checked':
      return row.checkedAt;
    case 'latency':
      return row.latencyMs;
    case 'failures':
      return row.health.failures;
    default:
      return '';
  }
}

function producerKey(sort: string, { ip, notifiedAt, attempts }: ProducerEntry, state: string): string | number {
  switch (sort) {
    case 'problems':
      return (RANKS[state] ?? 9) * RANK - attempts;
    case 'ip':
      return addressKey(ip);
    case 'state':
      return RANKS[state] ?? 9;
    case 'since':
    case 'checked':
      return notifiedAt ?? 0;
    case 'failures':
      return attempts;
    default:
      return '';
  }
}

function producerRow(
  { nextAt, notifiedIp, notifiedAt, ...entry }: ProducerEntry,
  state: ProducerRow['state'],
): ProducerRow {
  const fault = state === 'denied' ? 'address-denied' : state === 'invalid' ? 'address-invalid' : null;
  return {
    kind: 'producer',
    ...entry,
    error: fault ?? entry.error,
    state,
    notified_ip: notifiedIp,
    notified_at: notifiedAt,
    next_at: nextAt,
  };
}

function fromBook({ uuid, row }: Consumer): ConsumerRow {
  return {
    kind: 'consumer',
    uuid,
    ip: row.ip,
    port: row.port,
    error: row.error ?? row.fault,
    state: stateOf(row),
    state_since: timeOrNull(row.stateS * SECOND_MS),
    checked_at: timeOrNull(row.checkedAt),
    last_ok_at: timeOrNull(row.okS * SECOND_MS),
    last_seen: timeOrNull(row.calledS * SECOND_MS),
    latency_ms: row.okS === 0 ? null : row.latencyMs,
    failures: row.health.failures,
    recent: row.results,
    knows_ip: null,
    uptime_24h: null,
    uptime_7d: null,
    days: null,
  };
}

/** The registry has more exact times than the book. A state that is not written yet comes from the book. */
function fromRegistry(
  known: ConsumerRow,
  texts: readonly (string | null)[],
  history: History | undefined,
  now: number,
  changedAt: number | undefined,
): ConsumerRow {
  const [state, stateAt, checkedAt, okAt, latency, failures, error, seen, recent] = texts;
  const isCurrent = state === known.state || (state == null && known.state === 'pending');
  const stored = (text: string | null | undefined, otherwise: number | null): number | null =>
    countOf(text) ?? otherwise;
  const lastOk = stored(okAt, known.last_ok_at);
  return {
    ...known,
    error: isCurrent
      ? (error ?? (known.state === 'denied' || known.state === 'invalid' ? known.error : null))
      : known.error,
    state_since: isCurrent ? stored(stateAt, known.state_since) : known.state_since,
    checked_at: stored(checkedAt, known.checked_at),
    last_ok_at: lastOk,
    last_seen: stored(seen, known.last_seen),
    latency_ms: stored(latency, known.latency_ms),
    failures: isCurrent ? (stored(failures, known.failures) ?? 0) : known.failures,
    recent: recent ?? known.recent,
    knows_ip: knowsIp(lastOk, changedAt),
    ...(history === undefined ? { days: [] } : shortHistory(history, now)),
  };
}

/** Whether the last answer came after the change of the IP. `unitMs`: the time of the answer is the start of such a unit. */
function knowsIp(lastOkAt: number | null, changedAt: number | undefined, unitMs = 1): boolean | null {
  return changedAt === undefined ? null : lastOkAt !== null && lastOkAt + unitMs > changedAt;
}

function shortHistory(history: History, now: number): Pick<ConsumerRow, 'uptime_24h' | 'uptime_7d' | 'days'> {
  return {
    uptime_24h: uptime(history.hours, now - DAY_MS, now) ?? null,
    uptime_7d: uptime(history.hours, now - 7 * DAY_MS, now) ?? null,
    days: history.days.map(toBucket),
  };
}

function toHistory(history: History | undefined, now: number): PeerDetail['history'] {
  const { hours, days } = history ?? { hours: [], days: [] };
  const { uptime_24h, uptime_7d } = shortHistory({ hours, days }, now);
  return { hours: hours.map(toBucket), days: days.map(toBucket), uptime_24h, uptime_7d };
}

function toBucket({
  at,
  answered,
  failed,
  withheld,
  latencyMs,
}: Bucket): [number, number, number, number, number | null] {
  return [at, answered, failed, withheld, latencyMs ?? null];
}

function urlOf(
  stored: Pick<PeerRow, 'ip' | 'port'>,
  { scheme, port, path }: Config['sync'] | Config['announce'],
  { network }: Config,
): string | null {
  const read = readEntry({ ip: stored.ip, port: stored.port }, network.allow);
  // The query may contain a token.
  return read.ok
    ? peerUrl({ scheme, ip: read.address.ip, port: read.address.port ?? port, path: path.replace(/\?.*$/, '') })
    : null;
}

function timeOrNull(ms: number): number | null {
  return ms === 0 ? null : ms;
}
