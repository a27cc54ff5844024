import type { StoredAddress, Lane, PeerHealth, RegistryEntry, CheckOutcome } from '../domain/peer/peer.js';
import { laneOf } from '../domain/peer/health.js';
import type { AddressFault, FailureReason } from '../domain/call/reasons.js';

/** What the registry has not got yet: nothing, only that there was a check, the fault of the entry, or a verdict. */
export type Unwritten = 'nothing' | 'check' | 'fault' | 'verdict';

/** One consumer. A row has to stay under 300 bytes: there may be 100,000 of them. Its uuid is the key of the map. */
interface Row {
  ip: string | null;
  port: string | null;
  health: PeerHealth;
  /** Unix milliseconds of the last check; 0 where there was none. */
  checkedAt: number;
  /** Unix milliseconds of the last answer that is not written yet, and how long it took; 0 where there is none. */
  okAt: number;
  latencyMs: number;
  /** Unix milliseconds of the last change of state that is not written yet; 0 where there is none. */
  stateAt: number;
  /** Why the last check failed, or the entry can't be called; a fault of the entry is named once, when it is new. */
  error: FailureReason | null;
  /** The round of the regular lane that last met the entry in the registry. */
  seenIn: number;
  unwritten: Unwritten;
  /** The book's revision at the last change of this row by a check, or by the acknowledgement of its write. */
  revision: number;
}

/** A row as the sink writes it, as it was when it was asked for. */
export type UnwrittenRow = Readonly<Omit<Row, 'seenIn'>> & { readonly uuid: string };

/** What one check found. */
export interface CheckResult {
  readonly at: number;
  readonly outcome: CheckOutcome;
  /** False for a failure that is not held against the peer: then `health` is as before. */
  readonly counted: boolean;
  readonly health: PeerHealth;
}

/**
 * The one owner of what is known of each consumer: what rounds go on with while Redis is away, where the lanes find who
 * is due, and what has to be written back. A row that is not written yet beats what the registry says, and so does one
 * that changed after the reading began; a peer that moved to another address beats both.
 */
export class PeerBook {
  readonly #rows = new Map<string, Row>();
  readonly #unwritten = new Set<string>();
  readonly #inFlight = new Set<string>();
  #revision = 0;

  get size(): number {
    return this.#rows.size;
  }

  /** How many rows wait to be written. */
  get unwrittenCount(): number {
    return this.#unwritten.size;
  }

  /** Grows with each change. Noted before a reading of the registry, it tells which rows have changed since. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Takes in an entry that this round of the regular lane has read. Returns the entry as known now, or undefined for
   * one that the round has met before (SSCAN may return a member twice).
   */
  remember(entry: RegistryEntry, round: number, asOf = this.#revision): RegistryEntry | undefined {
    const row = this.#rows.get(entry.uuid);
    if (row?.seenIn === round) return undefined;
    if (row === undefined) {
      this.#rows.set(entry.uuid, newRow(entry, round));
      return entry;
    }
    row.seenIn = round;
    return this.refresh(entry, asOf);
  }

  /** Takes in an entry that was read outside of such a round; undefined for a peer that the book does not have. */
  refresh(entry: RegistryEntry, asOf = this.#revision): RegistryEntry | undefined {
    const row = this.#rows.get(entry.uuid);
    if (row === undefined) return undefined;
    if (!isAt(row, entry.stored)) {
      // No result is ever written for another address, and what failed there is no failure here.
      this.#unwritten.delete(entry.uuid);
      const moved = { ...entry, health: { ...entry.health, failures: 0 } };
      Object.assign(row, newRow(moved, row.seenIn), { revision: (this.#revision += 1) });
    } else if (row.unwritten === 'nothing' && row.revision <= asOf) {
      const { successes, countedGeneration } = row.health;
      const { health, checkedAt, reportedFault } = entry;
      // Registered anew where the registry has no check of it.
      row.health = compact(checkedAt === 0 ? health : { ...health, successes, countedGeneration });
      row.checkedAt = checkedAt;
      // A UUID without a hash has no place to store its fault.
      row.error = reportedFault ?? faultOf(row);
    }
    return this.lastKnown(entry.uuid);
  }

  /** Records a check. It counts only for the peer as it was called: neither after it left, nor at another address. */
  record({ uuid, stored }: RegistryEntry, { at, outcome, counted, health }: CheckResult): void {
    const row = this.#rows.get(uuid);
    if (row === undefined || !isAt(row, stored)) return;
    row.checkedAt = at;
    row.error = outcome.ok ? null : outcome.reason;
    if (counted) this.#judged(row, health, at);
    if (outcome.ok) {
      row.okAt = at;
      row.latencyMs = Math.round(outcome.latencyMs);
    }
    this.#changed(uuid, row, counted ? 'verdict' : 'check');
  }

  /** Records that the entry can't be called. A state it had says no longer that it may be used. */
  recordFault({ uuid, stored }: RegistryEntry, fault: AddressFault, at: number): void {
    const row = this.#rows.get(uuid);
    if (row === undefined || !isAt(row, stored)) return;
    const { health } = row;
    const state = health.state === undefined ? undefined : 'unavailable';
    this.#judged(row, { ...health, state, successes: 0 }, at);
    row.error = fault;
    this.#changed(uuid, row, 'fault');
  }

  /** Rows that wait to be written, the longest waiting first. */
  *unwrittenRows(): Generator<UnwrittenRow> {
    for (const uuid of this.#unwritten) {
      const row = this.#rows.get(uuid);
      if (row === undefined) continue;
      yield { uuid, ...row };
    }
  }

  /** The registry has got this row, or has no place for it; a result recorded since goes on waiting. */
  acknowledge({ uuid, revision }: UnwrittenRow): void {
    const row = this.#rows.get(uuid);
    if (row?.revision !== revision) return;
    this.#unwritten.delete(uuid);
    row.unwritten = 'nothing';
    row.okAt = row.latencyMs = row.stateAt = 0;
    row.revision = this.#revision += 1;
  }

  /** Whether anybody but this peer can be called, and so could testify that we are online. */
  hasWitnessBeside(uuid: string): boolean {
    for (const [other, row] of this.#rows) if (faultOf(row) === null && other !== uuid) return true;
    return false;
  }

  lastKnown(uuid: string): RegistryEntry | undefined {
    const row = this.#rows.get(uuid);
    if (row === undefined) return undefined;
    const { ip, port, health, checkedAt } = row;
    return { uuid, stored: { ip, port }, health, checkedAt, reportedFault: faultOf(row) };
  }

  forget(uuid: string): void {
    this.#rows.delete(uuid);
    this.#unwritten.delete(uuid);
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
  *notSeenIn(round: number, lane: Lane): Generator<string> {
    for (const [uuid, row] of this.#rows) {
      if (row.seenIn !== round && laneOf(row.health) === lane) {
        row.seenIn = round;
        yield uuid;
      }
    }
  }

  /** After a registry read from end to end: a peer that the round has not met is no longer registered. */
  evictNotSeen(round: number): void {
    for (const [uuid, row] of this.#rows) if (row.seenIn !== round) this.forget(uuid);
  }

  #judged(row: Row, health: PeerHealth, at: number): void {
    if (health.state !== row.health.state) row.stateAt = at;
    row.health = compact(health);
  }

  #changed(uuid: string, row: Row, what: Unwritten): void {
    // Of two different things that wait, the whole row is written.
    row.unwritten = row.unwritten === 'nothing' || row.unwritten === what ? what : 'verdict';
    row.revision = this.#revision += 1;
    this.#unwritten.add(uuid);
  }
}

function faultOf({ error }: Row): AddressFault | null {
  return error === 'address-invalid' || error === 'address-denied' ? error : null;
}

function isAt({ ip, port }: Row, stored: StoredAddress): boolean {
  return ip === stored.ip && port === stored.port;
}

function newRow({ stored, health, checkedAt, reportedFault }: RegistryEntry, seenIn: number): Row {
  const { ip, port } = stored;
  return {
    ip,
    port,
    health: compact(health),
    checkedAt,
    okAt: 0,
    latencyMs: 0,
    stateAt: 0,
    error: reportedFault,
    seenIn,
    unwritten: 'nothing',
    revision: 0,
  };
}

const shared = new Map<string, PeerHealth>();

/** Most peers share one of a handful of healths: one object for all of them keeps a row small. */
function compact(health: PeerHealth): PeerHealth {
  if (health.failures > 0 || health.countedGeneration > 0) return health;
  const key = `${health.state ?? ''} ${String(health.successes)}`;
  const known = shared.get(key);
  if (known !== undefined) return known;
  shared.set(key, health);
  return health;
}
