import type { Lane, PeerHealth, RegistryEntry } from '../domain/peer/peer.js';
import { laneOf } from '../domain/peer/health.js';

/** A row has to stay small: there may be 100,000 of them. Its uuid is the key of the map. */
interface Row {
  ip: string | null;
  port: string | null;
  health: PeerHealth;
  checkedAt: number;
  round: number;
  reportedFault: string | null;
}

/**
 * The consumers as last known: what rounds go on with while Redis is away, and where the lanes of suspects and of
 * unavailable peers find their work without reading the registry through.
 */
export class PeerBook {
  readonly #rows = new Map<string, Row>();
  readonly #inFlight = new Set<string>();

  get size(): number {
    return this.#rows.size;
  }

  /**
   * Takes in what the registry says. Memory wins only where it holds a newer check than the registry does, which is
   * so while Redis could not be written. Returns undefined for an entry that this round has met before (SSCAN may
   * return a member twice).
   */
  remember(entry: RegistryEntry, round: number): RegistryEntry | undefined {
    const row = this.#rows.get(entry.uuid);
    if (row?.round === round) return undefined;
    if (row === undefined) {
      this.#rows.set(entry.uuid, newRow(entry, round));
      return entry;
    }
    row.round = round;
    return this.refresh(entry);
  }

  /** The same for a peer that is already in the table, outside of a round. */
  refresh(entry: RegistryEntry): RegistryEntry | undefined {
    const row = this.#rows.get(entry.uuid);
    if (row === undefined) return undefined;
    const moved = row.ip !== entry.stored.ip || row.port !== entry.stored.port;
    row.ip = entry.stored.ip;
    row.port = entry.stored.port;
    // Of another address no result is ever written, and what it failed at is no failure of this one.
    const unwritten = !moved && entry.checkedAt > 0 && row.checkedAt > entry.checkedAt;
    if (!unwritten) {
      const { successes, countedGeneration } = row.health;
      row.reportedFault = moved ? entry.reportedFault : (entry.reportedFault ?? row.reportedFault);
      const { health } = entry;
      if (moved) row.health = compact({ ...health, failures: 0 });
      else row.health = compact(entry.checkedAt === 0 ? health : { ...health, successes, countedGeneration });
      row.checkedAt = entry.checkedAt;
    }
    return this.get(entry.uuid);
  }

  /**
   * Records a check: it could be called, so no fault is left. Neither a peer that left the table meanwhile is brought
   * back, nor does the result count for another address.
   */
  update({ uuid, stored }: Pick<RegistryEntry, 'uuid' | 'stored'>, health: PeerHealth, checkedAt: number): void {
    const row = this.#rows.get(uuid);
    if (row?.ip !== stored.ip || row.port !== stored.port) return;
    row.health = compact(health);
    row.checkedAt = checkedAt;
    row.reportedFault = null;
  }

  /** Records that the registry entry carries this fault, so that it is reportedFault and named once. */
  mark(uuid: string, fault: string): void {
    const row = this.#rows.get(uuid);
    if (row !== undefined) row.reportedFault = fault;
  }

  /** Whether anybody but this peer can be called, and so could testify that we are online. */
  hasWitnessBeside(uuid: string): boolean {
    for (const [other, { reportedFault }] of this.#rows) if (reportedFault === null && other !== uuid) return true;
    return false;
  }

  get(uuid: string): RegistryEntry | undefined {
    const row = this.#rows.get(uuid);
    if (row === undefined) return undefined;
    const { ip, port, health, checkedAt, reportedFault } = row;
    return { uuid, stored: { ip, port }, health, checkedAt, reportedFault };
  }

  delete(uuid: string): void {
    this.#rows.delete(uuid);
  }

  /** Reserves the peer for one check at a time: the lanes overlap where a peer has just changed its state. */
  begin(uuid: string): boolean {
    if (this.#inFlight.has(uuid)) return false;
    this.#inFlight.add(uuid);
    return true;
  }

  end(uuid: string): void {
    this.#inFlight.delete(uuid);
  }

  /** The peers of a lane whose last check is so old, or lies in the future: the clock has gone back since. */
  due(lane: Lane, now: number, everyMs: number): string[] {
    const due: string[] = [];
    for (const [uuid, row] of this.#rows) {
      const old = row.checkedAt <= now - everyMs || row.checkedAt > now;
      if (old && laneOf(row.health) === lane) due.push(uuid);
    }
    return due;
  }

  /** The peers of a lane that this round has not met. */
  *notSeenIn(lane: Lane, round: number): Generator<string> {
    for (const [uuid, row] of this.#rows) {
      if (row.round !== round && laneOf(row.health) === lane) {
        row.round = round;
        yield uuid;
      }
    }
  }

  /** After a registry read from end to end: whoever was not met is no longer registered. */
  evictNotSeen(round: number): void {
    for (const [uuid, row] of this.#rows) if (row.round !== round) this.#rows.delete(uuid);
  }

  count(lane: Lane): number {
    let n = 0;
    for (const row of this.#rows.values()) if (laneOf(row.health) === lane) n += 1;
    return n;
  }
}

function newRow({ stored, health, checkedAt, reportedFault }: RegistryEntry, round: number): Row {
  return { ip: stored.ip, port: stored.port, health: compact(health), checkedAt, round, reportedFault };
}

const shared = new Map<string, PeerHealth>();

/** Most peers share one of a handful of healths: one object for all of them keeps a row under 300 bytes. */
function compact(health: PeerHealth): PeerHealth {
  if (health.failures > 0 || health.countedGeneration > 0) return health;
  const key = `${health.state ?? ''} ${String(health.successes)}`;
  const known = shared.get(key);
  if (known !== undefined) return known;
  shared.set(key, health);
  return health;
}
