import { filter, firstValueFrom, map, merge, type Observable } from 'rxjs';
import type { Clock } from '../../domain/clock.js';
import type { Lane, RegistryEntry } from '../../domain/peer/peer.js';
import type { SchedulerEvent } from '../../events.js';
import type { RoundTrigger } from '../../state/roundTrigger.js';
import type { PeerBook } from '../../state/peerBook.js';
import type { Shares } from '../../state/shares.js';

/** An item of a lane: a peer to check, or an event that occurred while the lane was read. */
export type LaneItem = { readonly entry: RegistryEntry } | { readonly event: SchedulerEvent };

/** Items in batches, since a promise for each is too slow. A batch is iterated only as its items are pulled. */
export type LaneItems = AsyncGenerator<Iterable<LaneItem>>;

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
const MAX_AGE_MS = 100;
/** After a failed read the last known peers are called for this long. Then Redis is asked again. */
const RETRY_MS = 1_000;
/**
 * The fraction of the interval during which a peer gained with a share is not checked again, because another replica
 * has checked it.
 */
const EARLY_FRACTION = 0.45;

/**
 * The regular lane: all registry entries that this process owns, read as fast as they are pulled. Peers of other
 * lanes are only stored in the book. If Redis fails during the sweep, the rest of the round uses the last known
 * peers, which are read again once Redis answers.
 */
export async function* sweep(source: LaneSource, round: number, everyMs: number): LaneItems {
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
      yield faultsOf(source, uuids);
      if (book.newcomers > newcomers) roundTrigger.trigger('pending');
      const now = clock.wall();
      const regular = uuids.filter(
        (uuid) => book.laneOf(uuid) === 'regular' && !book.isEarly(uuid, now - EARLY_FRACTION * everyMs, now),
      );
      yield* withFreshAddresses(source, 'regular', regular, readAt + MAX_AGE_MS);
      asOf = book.revision;
      newcomers = book.newcomers;
    }
    book.evictNotSeen(round);
  } catch (error) {
    yield [{ event: failed(source, error) }];
    yield* withFreshAddresses(source, 'regular', [...book.notSeenIn(round, 'regular')], clock.steady() + RETRY_MS);
  }
}

/**
 * The other lanes: the peers whose last check is at least `everyMs` old. For the regular lane these are peers gained
 * with a share that no round of this process has included yet. In the pending lane, peers found during the round
 * that were never checked come before second checks. Its list stays open while its last calls are in flight, until
 * `ended$` fires.
 */
export async function* recheck(
  source: LaneSource,
  lane: Lane,
  everyMs: number,
  ended$: Observable<unknown>,
): LaneItems {
  const { book, clock } = source;
  // The round must end then, so that second checks and new settings get their turn.
  const until = clock.steady() + everyMs;
  const seen = new Set<string>();
  let retryAt = -Infinity;
  let newcomers = book.newcomers;
  let due = lane === 'regular' ? book.overdue(clock.wall(), everyMs) : book.due(lane, clock.wall(), everyMs);
  while (due.length > 0) {
    const batch = due.slice(0, BATCH);
    due = due.slice(BATCH);
    const readAt = clock.steady();
    let freshUntil = retryAt;
    if (readAt >= retryAt) {
      const failures = await readAgain(source, batch);
      yield toItems(failures);
      if (failures.length === 0) {
        yield faultsOf(source, batch);
        freshUntil = readAt + MAX_AGE_MS;
      } else {
        retryAt = freshUntil = readAt + RETRY_MS;
      }
    }
    yield* withFreshAddresses(source, lane, batch, freshUntil);
    if (lane !== 'pending') continue;
    for (const uuid of batch) seen.add(uuid);
    if (due.length > 0 && book.newcomers === newcomers) continue;
    do {
      newcomers = book.newcomers;
      due = book.due(lane, clock.wall(), everyMs).filter((uuid) => !seen.has(uuid));
    } while (due.length === 0 && clock.steady() < until && (await moreFound(source, seen, ended$)));
  }
}

/** Waits while a call to one of these peers is in flight. Returns whether new peers were found in that time. */
async function moreFound(
  { book, roundTrigger }: LaneSource,
  uuids: ReadonlySet<string>,
  ended$: Observable<unknown>,
): Promise<boolean> {
  const called = new Set([...uuids].filter((uuid) => book.isCalled(uuid)));
  if (called.size === 0) return false;
  const drained$ = book.callEnd$.pipe(filter(({ uuid }) => called.delete(uuid) && called.size === 0));
  const over$ = merge(drained$, ended$).pipe(map(() => false));
  const found$ = roundTrigger.trigger$('pending').pipe(map(() => true));
  return firstValueFrom(merge(over$, found$), { defaultValue: false });
}

/** Stores the entries of gained shares. If Redis fails, the next round stores the rest. */
export async function* adopt(
  source: Omit<LaneSource, 'shares' | 'roundTrigger'>,
  isOurs: (uuid: string) => boolean,
): LaneItems {
  const { registry, book, self } = source;
  let asOf = book.revision;
  try {
    for await (const page of registry.pages(isOurs)) {
      // A share may have been lost while the page was read.
      const ours = page.filter(({ uuid }) => uuid.toLowerCase() !== self && isOurs(uuid));
      for (const entry of ours) book.adopt(entry, asOf);
      yield faultsOf(
        source,
        ours.map(({ uuid }) => uuid),
      );
      asOf = book.revision;
    }
  } catch (error) {
    yield [{ event: failed(source, error) }];
  }
}

/** Yields the peers with a current address: an entry is read again after `freshUntil`, by the steady clock. */
async function* withFreshAddresses(
  source: LaneSource,
  lane: Lane,
  uuids: readonly string[],
  freshUntil: number,
): LaneItems {
  const { book, clock } = source;
  let begin = 0;
  let next = 0;
  let fresh = { count: uuids.length, until: freshUntil };
  const isFresh = (): boolean => next < fresh.count && clock.steady() <= fresh.until;
  function* whileFresh(): Generator<string> {
    // At least one peer, because with a slow Redis every read would be too old and be repeated without end.
    do {
      yield uuids[next++] ?? '';
    } while (next < uuids.length && isFresh());
  }
  while (next < uuids.length) {
    if (!isFresh()) {
      // With slow calls few entries are used before they are too old, so few are read again.
      const count = Math.min(REFRESH_BATCH, Math.max(1, 2 * (next - begin)));
      const now = clock.steady();
      const failures = await readAgain(source, uuids.slice(next, next + count));
      fresh =
        failures.length === 0
          ? { count: next + count, until: now + MAX_AGE_MS }
          : { count: uuids.length, until: now + RETRY_MS };
      begin = next;
      yield toItems(failures);
    }
    yield lastKnown(book, whileFresh(), lane);
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
export function* faultsOf(
  { book, clock }: Pick<LaneSource, 'book' | 'clock'>,
  uuids: readonly string[],
): Generator<{ readonly event: SchedulerEvent }> {
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

/** Yields those peers that are still in this lane, each as the book has it at that moment. */
function* lastKnown(book: PeerBook, uuids: Iterable<string>, lane: Lane): Generator<LaneItem> {
  for (const uuid of uuids) {
    const entry = book.lastKnown(uuid);
    if (entry !== undefined && book.laneOf(uuid) === lane) yield { entry };
  }
}

function toItems(events: readonly SchedulerEvent[]): readonly LaneItem[] {
  return events.map((event) => ({ event }));
}

function failed({ clock, explain }: Pick<LaneSource, 'clock' | 'explain'>, error: unknown): SchedulerEvent {
  return { kind: 'redis.failed', at: clock.wall(), what: READING, reason: explain(error) };
}
