import { laneOf } from '../../domain/peer/health.js';
import type { Lane, RegistryEntry } from '../../domain/peer/peer.js';
import type { SchedulerEvent } from '../../events.js';
import type { PeerBook } from '../../state/peerBook.js';

/** What a lane pulls: a peer to check, or something that happened on the way. */
export type LaneItem = { readonly entry: RegistryEntry } | { readonly event: SchedulerEvent };

/** Where entries come from: the registry page by page, or the named ones of it (the removed ones missing). */
export interface RegistryReader {
  pages(): AsyncIterable<readonly RegistryEntry[]>;
  read(uuids: readonly string[]): Promise<readonly RegistryEntry[]>;
}

export interface LaneSource {
  readonly registry: RegistryReader;
  readonly book: PeerBook;
  /** Ourselves, never called. */
  readonly self: string;
  readonly wall: () => number;
  /** A short safe text for what a Redis call rejected with. */
  readonly explain: (error: unknown) => string;
}

/**
 * The regular lane: the whole registry, read as fast as it is pulled. Peers of the other lanes only enter the book.
 * Where Redis fails on the way, the rest of the round goes over the last known peers.
 */
export async function* sweep(source: LaneSource, round: number): AsyncGenerator<LaneItem> {
  const { registry, book, self } = source;
  let asOf = book.revision;
  try {
    for await (const page of registry.pages()) {
      const others = page.filter(({ uuid }) => uuid.toLowerCase() !== self);
      const met = others.filter((entry) => book.remember(entry, round, asOf) !== undefined);
      for (const { uuid } of met) yield* lastKnown(book, uuid, 'regular');
      asOf = book.revision;
    }
    book.evictNotSeen(round);
  } catch (error) {
    yield failed(source, error);
    for (const uuid of book.notSeenIn(round, 'regular')) yield* lastKnown(book, uuid, 'regular');
  }
}

/** How many peers of a lane are looked up in the registry at once. */
const BATCH = 256;

/** The lanes of suspects and of unavailable peers: those that were last checked `everyMs` ago or before. */
export async function* recheck(source: LaneSource, lane: Lane, everyMs: number): AsyncGenerator<LaneItem> {
  const { registry, book } = source;
  const due = book.due(lane, source.wall(), everyMs);
  let reachable = true;
  for (let i = 0; i < due.length; i += BATCH) {
    const batch = due.slice(i, i + BATCH);
    if (reachable) {
      try {
        const asOf = book.revision;
        stillRegistered(book, batch, await registry.read(batch), asOf);
      } catch (error) {
        reachable = false;
        yield failed(source, error);
      }
    }
    for (const uuid of batch) yield* lastKnown(book, uuid, lane);
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
  if (entry !== undefined && laneOf(entry.health) === lane) yield { entry };
}

function failed({ wall, explain }: LaneSource, error: unknown): LaneItem {
  return { event: { kind: 'redis.failed', at: wall(), what: 'reading the registry', reason: explain(error) } };
}
