import type { Clock } from '../../domain/clock.js';
import type { Lane, RegistryEntry } from '../../domain/peer/peer.js';
import type { SchedulerEvent } from '../../events.js';
import type { RoundTrigger } from '../../state/roundTrigger.js';
import type { PeerBook } from '../../state/peerBook.js';
import type { Shares } from '../../state/shares.js';

/** An item of a lane: a peer to check, or an event that occurred while the lane was read. */
export type LaneItem = { readonly entry: RegistryEntry } | { readonly event: SchedulerEvent };

/**
 * The source of registry entries: either the wanted ones page by page, or the named ones. Removed entries are
 * missing from the result.
 */
export interface RegistryReader {
  pages(wanted: (uuid: string) => boolean): AsyncIterable<readonly RegistryEntry[]>;
  read(uuids: readonly string[]): Promise<readonly RegistryEntry[]>;
}

export interface LaneSource {
  readonly registry: RegistryReader;
  readonly book: PeerBook;
  readonly shares: Pick<Shares, 'mine'>;
  /** The UUID of this node, which is never called. */
  readonly self: string;
  readonly clock: Pick<Clock, 'wall' | 'steady'>;
  /** Triggered when the registry has peers that were never checked. */
  readonly roundTrigger: RoundTrigger;
  /** Returns a short, safe text for a rejected Redis call. */
  readonly explain: (error: unknown) => string;
}

/** The subject of a Redis failure during a sweep, in the log. */
export const READING = 'reading the registry';

/** The number of peers of a lane that one registry read covers. */
const BATCH = 64;
/** The number of entries that are read again at once when calls are slow. */
const REFRESH_BATCH = 32;
/** An entry that was read longer ago than this is read again before its peer is called. */
const MAX_AGE_MS = 1_000;
/**
 * The fraction of the interval during which a peer gained with a share is not checked again, because another replica
 * has checked it.
 */
const EARLY_FRACTION = 0.45;

/**
 * The regular lane: all registry entries that this process owns, read as fast as they are pulled. Peers of other
 * lanes are only stored in the book. If Redis fails during the sweep, the rest of the round uses the last known
 * peers.
 */
export async function* sweep(source: LaneSource, round: number, everyMs: number): AsyncGenerator<LaneItem> {
  const { registry, book, shares, self, clock, roundTrigger } = source;
  book.beginRound(round);
  let asOf = book.revision;
  let newcomers = book.newcomers;
  try {
    for await (const page of registry.pages((uuid) => shares.mine(uuid))) {
      const readAt = clock.steady();
      // A share may have been lost while the page was read.
      const met = page.filter((entry) => {
        const { uuid } = entry;
        return uuid.toLowerCase() !== self && shares.mine(uuid) && book.remember(entry, round, asOf);
      });
      const uuids = met.map(({ uuid }) => uuid);
      yield* faultsOf(source, uuids);
      if (book.newcomers > newcomers) roundTrigger.trigger('pending');
      const now = clock.wall();
      const regular = uuids.filter(
        (uuid) => book.laneOf(uuid) === 'regular' && !book.isEarly(uuid, now - EARLY_FRACTION * everyMs, now),
      );
      yield* withFreshAddresses(source, 'regular', regular, readAt);
      asOf = book.revision;
      newcomers = book.newcomers;
    }
    book.evictNotSeen(round);
  } catch (error) {
    yield { event: failed(source, error) };
    for (const uuid of book.notSeenIn(round, 'regular')) yield* lastKnown(book, uuid, 'regular');
  }
}

/**
 * The other lanes: the peers whose last check is at least `everyMs` old. For the regular lane these are peers gained
 * with a share that no round of this process has included yet. In the pending lane, peers found during the round
 * that were never checked come before second checks.
 */
export async function* recheck(source: LaneSource, lane: Lane, everyMs: number): AsyncGenerator<LaneItem> {
  const { book, clock } = source;
  const seen = new Set<string>();
  let reachable = true;
  let newcomers = book.newcomers;
  let due = lane === 'regular' ? book.overdue(clock.wall(), everyMs) : book.due(lane, clock.wall(), everyMs);
  while (due.length > 0) {
    const batch = due.slice(0, BATCH);
    due = due.slice(BATCH);
    const readAt = clock.steady();
    if (reachable) {
      const failures = await readAgain(source, batch);
      for (const event of failures) yield { event };
      reachable = failures.length === 0;
      if (reachable) yield* faultsOf(source, batch);
    }
    yield* withFreshAddresses(source, lane, batch, reachable ? readAt : Infinity);
    if (lane !== 'pending') continue;
    for (const uuid of batch) seen.add(uuid);
    if (due.length > 0 && book.newcomers === newcomers) continue;
    newcomers = book.newcomers;
    due = book.due(lane, clock.wall(), everyMs).filter((uuid) => !seen.has(uuid));
  }
}

/** Stores the entries of gained shares. If Redis fails, the next round stores the rest. */
export async function* adopt(
  source: Omit<LaneSource, 'shares' | 'roundTrigger'>,
  isOurs: (uuid: string) => boolean,
): AsyncGenerator<LaneItem> {
  const { registry, book, self } = source;
  let asOf = book.revision;
  try {
    for await (const page of registry.pages(isOurs)) {
      // A share may have been lost while the page was read.
      const ours = page.filter(({ uuid }) => uuid.toLowerCase() !== self && isOurs(uuid));
      for (const entry of ours) book.adopt(entry, asOf);
      yield* faultsOf(
        source,
        ours.map(({ uuid }) => uuid),
      );
      asOf = book.revision;
    }
  } catch (error) {
    yield { event: failed(source, error) };
  }
}

/** Yields the peers with a current address: an entry read too long ago is read again if Redis answers. */
async function* withFreshAddresses(
  source: LaneSource,
  lane: Lane,
  uuids: readonly string[],
  readAt: number,
): AsyncGenerator<LaneItem> {
  const { book, clock } = source;
  let fresh = { until: uuids.length, readAt };
  for (const [i, uuid] of uuids.entries()) {
    const now = clock.steady();
    if (i >= fresh.until || now - fresh.readAt > MAX_AGE_MS) {
      const failures = await readAgain(source, uuids.slice(i, i + REFRESH_BATCH));
      fresh =
        failures.length === 0 ? { until: i + REFRESH_BATCH, readAt: now } : { until: uuids.length, readAt: Infinity };
      for (const event of failures) yield { event };
    }
    yield* lastKnown(book, uuid, lane);
  }
}

/** Updates the book with the current registry entries of these peers, if Redis answers. Returns the failures. */
export async function readAgain(
  source: Pick<LaneSource, 'registry' | 'book' | 'clock' | 'explain'>,
  uuids: readonly string[],
): Promise<readonly SchedulerEvent[]> {
  const { registry, book } = source;
  try {
    const asOf = book.revision;
    updateBook(book, uuids, await registry.read(uuids), asOf);
    return [];
  } catch (error) {
    return [failed(source, error)];
  }
}

/** Reports each entry that cannot be called, once per fault. */
function* faultsOf({ book, clock }: Pick<LaneSource, 'book' | 'clock'>, uuids: readonly string[]): Generator<LaneItem> {
  for (const uuid of uuids) {
    const at = clock.wall();
    const fault = book.recordFault(uuid, at);
    if (fault === undefined) continue;
    const { error, detail } = fault;
    yield { event: { kind: 'peer.malformed', at, peer: 'consumer', uuid, error, detail } };
  }
}

/** Updates the book with the current entries. A peer that has left the registry is removed. */
function updateBook(book: PeerBook, asked: readonly string[], found: readonly RegistryEntry[], asOf: number): void {
  const registered = new Set(found.map((entry) => entry.uuid));
  for (const uuid of asked) if (!registered.has(uuid)) book.forget(uuid);
  for (const entry of found) book.refresh(entry, asOf);
}

/** Yields the peer as the book has it now, if it is still in this lane. */
function* lastKnown(book: PeerBook, uuid: string, lane: Lane): Generator<LaneItem> {
  const entry = book.lastKnown(uuid);
  if (entry !== undefined && book.laneOf(uuid) === lane) yield { entry };
}

function failed({ clock, explain }: Pick<LaneSource, 'clock' | 'explain'>, error: unknown): SchedulerEvent {
  return { kind: 'redis.failed', at: clock.wall(), what: READING, reason: explain(error) };
}
