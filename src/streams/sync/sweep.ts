import { filter, firstValueFrom, map, merge, type Observable } from 'rxjs';
import type { Clock } from '../../domain/clock.js';
import type { Lane, RegistryEntry } from '../../domain/peer/peer.js';
import type { SchedulerEvent } from '../../events.js';
import type { Bell } from '../../state/bell.js';
import type { PeerBook } from '../../state/peerBook.js';
import type { Shares } from '../../state/shares.js';

/** What a lane pulls: a peer to check, or something that happened on the way. */
export type LaneItem = { readonly entry: RegistryEntry } | { readonly event: SchedulerEvent };

/**
 * Where entries come from: what is wanted of the registry page by page, or the named ones of it (the removed ones
 * missing).
 */
export interface RegistryReader {
  pages(wanted: (uuid: string) => boolean): AsyncIterable<readonly RegistryEntry[]>;
  read(uuids: readonly string[]): Promise<readonly RegistryEntry[]>;
}

export interface LaneSource {
  readonly registry: RegistryReader;
  readonly book: PeerBook;
  readonly shares: Pick<Shares, 'mine'>;
  /** Ourselves, never called. */
  readonly self: string;
  readonly clock: Pick<Clock, 'wall' | 'steady'>;
  /** Rung when the registry has peers that were never checked. */
  readonly bell: Bell;
  /** A short safe text for what a Redis call rejected with. */
  readonly explain: (error: unknown) => string;
}

/** What a failure of Redis on the way is said to be about. */
export const READING = 'reading the registry';

/** How many peers of a lane are looked up in the registry at once. */
const BATCH = 64;
/** How many are looked up again where the calls take their time. */
const REFRESH = 32;
/** An entry that was read so long ago is read again before its peer is called. */
const FRESH_MS = 1_000;
/** Share of the interval within which a peer that another one has checked is left for later. */
const EARLY = 0.45;

/**
 * The regular lane: all of the registry that is ours, read as fast as it is pulled. Peers of the other lanes only enter
 * the book. Where Redis fails on the way, the rest of the round goes over the last known peers.
 */
export async function* sweep(source: LaneSource, round: number, everyMs: number): AsyncGenerator<LaneItem> {
  const { registry, book, shares, self, clock, bell } = source;
  book.beginRound(round);
  let asOf = book.revision;
  let newcomers = book.newcomers;
  try {
    for await (const page of registry.pages((uuid) => shares.mine(uuid))) {
      const readAt = clock.steady();
      // A share may have gone while the page was read.
      const met = page.filter((entry) => {
        const { uuid } = entry;
        return uuid.toLowerCase() !== self && shares.mine(uuid) && book.remember(entry, round, asOf);
      });
      const uuids = met.map(({ uuid }) => uuid);
      yield* faultsOf(source, uuids);
      if (book.newcomers > newcomers) bell.ring('pending');
      const now = clock.wall();
      const regular = uuids.filter(
        (uuid) => book.laneOf(uuid) === 'regular' && !book.isEarly(uuid, now - EARLY * everyMs, now),
      );
      yield* atTheMoment(source, 'regular', regular, readAt);
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
 * The other lanes: the peers that were last checked `everyMs` ago or before; of the regular lane those that came with a
 * share and that no round of ours has taken in. In the pending lane those that are found meanwhile and were never
 * checked come before second looks, and those that are found while the last calls are under way are waited for, until
 * `ended$` fires.
 */
export async function* recheck(
  source: LaneSource,
  lane: Lane,
  everyMs: number,
  ended$: Observable<unknown>,
): AsyncGenerator<LaneItem> {
  const { book, clock } = source;
  // After that the round is to end, so that second looks and new settings have their turn.
  const until = clock.steady() + everyMs;
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
    yield* atTheMoment(source, lane, batch, reachable ? readAt : Infinity);
    if (lane !== 'pending') continue;
    for (const uuid of batch) seen.add(uuid);
    if (due.length > 0 && book.newcomers === newcomers) continue;
    do {
      newcomers = book.newcomers;
      due = book.due(lane, clock.wall(), everyMs).filter((uuid) => !seen.has(uuid));
    } while (due.length === 0 && clock.steady() < until && (await moreCame(source, seen, ended$)));
  }
}

/** Waits for as long as any of these peers is being called. Returns whether others came meanwhile. */
async function moreCame(
  { book, bell }: LaneSource,
  uuids: ReadonlySet<string>,
  ended$: Observable<unknown>,
): Promise<boolean> {
  const called = new Set([...uuids].filter((uuid) => book.isCalled(uuid)));
  if (called.size === 0) return false;
  const drained$ = book.callEnd$.pipe(filter(({ uuid }) => called.delete(uuid) && called.size === 0));
  const over$ = merge(drained$, ended$).pipe(map(() => false));
  const came$ = bell.rung$('pending').pipe(map(() => true));
  return firstValueFrom(merge(over$, came$), { defaultValue: false });
}

/** Takes in what has come with shares. Where Redis fails on the way, the next round takes in the rest. */
export async function* adopt(
  source: Omit<LaneSource, 'shares' | 'bell'>,
  isOurs: (uuid: string) => boolean,
): AsyncGenerator<LaneItem> {
  const { registry, book, self } = source;
  let asOf = book.revision;
  try {
    for await (const page of registry.pages(isOurs)) {
      // A share may have gone while the page was read.
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

/** The peers with the address of the moment: what was read too long ago is read again, if Redis lets us. */
async function* atTheMoment(
  source: LaneSource,
  lane: Lane,
  uuids: readonly string[],
  readAt: number,
): AsyncGenerator<LaneItem> {
  const { book, clock } = source;
  let fresh = { until: uuids.length, readAt };
  for (const [i, uuid] of uuids.entries()) {
    const now = clock.steady();
    if (i >= fresh.until || now - fresh.readAt > FRESH_MS) {
      const failures = await readAgain(source, uuids.slice(i, i + REFRESH));
      fresh = failures.length === 0 ? { until: i + REFRESH, readAt: now } : { until: uuids.length, readAt: Infinity };
      for (const event of failures) yield { event };
    }
    yield* lastKnown(book, uuid, lane);
  }
}

/** Takes in the named entries as they stand in the registry now, if Redis lets us. Returns what failed on the way. */
export async function readAgain(
  source: Pick<LaneSource, 'registry' | 'book' | 'clock' | 'explain'>,
  uuids: readonly string[],
): Promise<readonly SchedulerEvent[]> {
  const { registry, book } = source;
  try {
    const asOf = book.revision;
    stillRegistered(book, uuids, await registry.read(uuids), asOf);
    return [];
  } catch (error) {
    return [failed(source, error)];
  }
}

/** What is wrong with entries that can't be called, each logged once. */
function* faultsOf({ book, clock }: Pick<LaneSource, 'book' | 'clock'>, uuids: readonly string[]): Generator<LaneItem> {
  for (const uuid of uuids) {
    const at = clock.wall();
    const fault = book.recordFault(uuid, at);
    if (fault === undefined) continue;
    const { error, detail } = fault;
    yield { event: { kind: 'peer.malformed', at, peer: 'consumer', uuid, error, detail } };
  }
}

/** Takes in the entries as they are now; a peer that is gone from the registry is gone from the book. */
function stillRegistered(
  book: PeerBook,
  asked: readonly string[],
  found: readonly RegistryEntry[],
  asOf: number,
): void {
  const registered = new Set(found.map((entry) => entry.uuid));
  for (const uuid of asked) if (!registered.has(uuid)) book.forget(uuid);
  for (const entry of found) book.refresh(entry, asOf);
}

/** The peer as the book has it now, if it still has it in this lane. */
function* lastKnown(book: PeerBook, uuid: string, lane: Lane): Generator<LaneItem> {
  const entry = book.lastKnown(uuid);
  if (entry !== undefined && book.laneOf(uuid) === lane) yield { entry };
}

function failed({ clock, explain }: Pick<LaneSource, 'clock' | 'explain'>, error: unknown): SchedulerEvent {
  return { kind: 'redis.failed', at: clock.wall(), what: READING, reason: explain(error) };
}
