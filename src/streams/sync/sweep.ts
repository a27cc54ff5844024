import type { Lane, RegistryEntry } from '../../domain/peer/peer.js';
import type { PeerBook } from '../../state/peerBook.js';
import { laneOf } from '../../domain/peer/health.js';
import type { SchedulerEvent } from '../../events.js';

/** What a lane pulls: a peer to check, or something that happened on the way. */
export type LaneItem = { readonly entry: RegistryEntry } | { readonly event: SchedulerEvent };

/** Where entries come from: the registry page by page, or the named ones of it (the removed ones missing). */
export interface RegistryReader {
  pages(): AsyncIterable<readonly RegistryEntry[]>;
  read(uuids: readonly string[]): Promise<readonly RegistryEntry[]>;
}

export interface LaneSource {
  readonly registry: RegistryReader;
  readonly table: PeerBook;
  /** Ourselves, never called. */
  readonly self: string;
  readonly wall: () => number;
  /** A short safe text for what a Redis call rejected with. */
  readonly explain: (error: unknown) => string;
}

/**
 * The lane of peers in good standing: the whole registry, read as fast as it is pulled. The other lanes' peers are
 * only taken note of. Where Redis fails on the way, the rest of the round goes over the last known peers.
 */
export async function* sweep(source: LaneSource, round: number): AsyncGenerator<LaneItem> {
  const { registry, table, self } = source;
  try {
    for await (const page of registry.pages()) {
      for (const read of page) {
        const entry = read.uuid.toLowerCase() === self ? undefined : table.remember(read, round);
        if (entry !== undefined && laneOf(entry.health) === 'regular') yield { entry };
      }
    }
    table.evictNotSeen(round);
  } catch (error) {
    yield troubled(source, error);
    for (const uuid of table.notSeenIn('regular', round)) yield* known(table, uuid);
  }
}

/** How many peers of a lane are looked up in the registry at once. */
const BATCH = 256;

/** The lanes of suspects and of unavailable peers: whoever was last checked `everyMs` ago or before. */
export async function* recheck(source: LaneSource, lane: Lane, everyMs: number): AsyncGenerator<LaneItem> {
  const { registry, table } = source;
  const due = table.due(lane, source.wall(), everyMs);
  let reachable = true;
  for (let i = 0; i < due.length; i += BATCH) {
    const batch = due.slice(i, i + BATCH);
    if (reachable) {
      try {
        yield* present(table, lane, batch, await registry.read(batch));
        continue;
      } catch (error) {
        reachable = false;
        yield troubled(source, error);
      }
    }
    for (const uuid of batch) yield* known(table, uuid);
  }
}

/** The entries as they are now; whoever is gone from the registry is gone from the table. */
function* present(
  table: PeerBook,
  lane: Lane,
  asked: readonly string[],
  found: readonly RegistryEntry[],
): Generator<LaneItem> {
  const registered = new Set(found.map((entry) => entry.uuid));
  for (const uuid of asked) if (!registered.has(uuid)) table.delete(uuid);
  for (const read of found) {
    const entry = table.refresh(read);
    if (entry !== undefined && laneOf(entry.health) === lane) yield { entry };
  }
}

function* known(table: PeerBook, uuid: string): Generator<LaneItem> {
  const entry = table.get(uuid);
  if (entry !== undefined) yield { entry };
}

function troubled({ wall, explain }: LaneSource, error: unknown): LaneItem {
  return { event: { kind: 'redis.failed', at: wall(), what: 'reading the registry', reason: explain(error) } };
}
