import { Subject, type Observable } from 'rxjs';
import type { AddressFault, FailureReason } from '../domain/call/reasons.js';
import type { Tally } from '../domain/history.js';
import { canonical, classify, type AddressClass } from '../domain/ip/address.js';
import { familyOf, SCOPES, type Family, type Scope } from '../domain/ip/scope.js';
import { readEntry, type EntryAddress } from '../domain/peer/entry.js';
import { laneOf } from '../domain/peer/health.js';
import type {
  CheckOutcome,
  DeniedClass,
  Lane,
  PeerAddress,
  PeerCounts,
  PeerHealth,
  RegistryEntry,
} from '../domain/peer/peer.js';
import {
  addToTally,
  compact,
  isAt,
  lane,
  makeNumbers,
  NO_UNWRITTEN_FACTS,
  Row,
  SECOND_MS,
  seconds,
  setHealth,
  snapshotOf,
  type PeerRow,
  type Unwritten,
  type UnwrittenRow,
} from './peerRow.js';
import { mergeTallies, unpackTally } from './tally.js';

/** What one check found. */
export interface CheckResult {
  readonly at: number;
  readonly outcome: CheckOutcome;
  /** False for a failure that is not held against the peer; `health` is then unchanged. */
  readonly counted: boolean;
  readonly health: PeerHealth;
}

/** Where to call a peer. */
export interface CallTarget {
  readonly address: PeerAddress;
  readonly scope: Scope;
}

/** The end of a call to a peer. */
export interface CallEnd {
  readonly uuid: string;
  /** Whether the call failed without an answer. False also if the result was discarded. */
  readonly silent: boolean;
}

/** How many results a consumer's `recent` holds. */
export const RECENT_RESULTS = 60;

/**
 * The only owner of the state of each consumer. Rounds continue from it while Redis is away, the lanes find due
 * peers in it, and it holds the results that still have to be written. An unwritten row wins over the registry, and
 * so does a row that changed after the read of the registry began. A peer that moved to another address wins over
 * both.
 */
export class PeerBook {
  readonly #rows = new Map<string, Row>();
  readonly #numbers = makeNumbers();
  readonly #unwritten = new Set<string>();
  /** The reserved peers: a call is in flight, or a failure is not decided yet. */
  readonly #inFlight = new Map<string, 'called' | 'failed'>();
  readonly #callEnd$ = new Subject<CallEnd>();
  /** Available peers that were gained with a share and that no round of this process has included yet. */
  readonly #adopted = new Set<string>();
  #revision = 0;
  #newcomers = 0;
  #round = 0;
  #allow: readonly AddressClass[];

  /**
   * `allow` lists the address classes that may be called. `evidence` is set if replicas share the work, and returns
   * the current generation of a scope: failures that another replica counted continue to count only with newer
   * evidence of our own.
   */
  constructor(
    allow: readonly AddressClass[],
    private readonly evidence?: (scope: Scope) => number,
  ) {
    this.#allow = allow;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** How many rows wait to be written. */
  get unwrittenCount(): number {
    return this.#unwritten.size;
  }

  /** Grows with each change. A value saved before a read of the registry shows which rows have changed since. */
  get revision(): number {
    return this.#revision;
  }

  /** Grows with each newly found peer that has never been checked. */
  get newcomers(): number {
    return this.#newcomers;
  }

  /** Replaces the policy. Returns whether it allows calls that were denied before, and which peers it denies now. */
  setPolicy(allow: readonly AddressClass[]): { readonly opened: boolean; readonly closed: readonly string[] } {
    this.#allow = allow;
    let opened = false;
    const closed: string[] = [];
    for (const [uuid, row] of this.#rows) {
      const wasCallable = row.fault === null;
      this.#checkAddress(row);
      if (wasCallable && row.fault !== null) closed.push(uuid);
      if (wasCallable || row.fault !== null) continue;
      row.reportedFault = null;
      opened = true;
      // Makes the peer due at once.
      row.checkedAt = 0;
      this.#newcomers += 1;
    }
    return { opened, closed };
  }

  /** A round of the regular lane begins to read the registry. */
  beginRound(round: number): void {
    this.#round = round;
  }

  /** Adds an entry that was gained with a share. The current round counts it as seen. */
  adopt(entry: RegistryEntry, asOf = this.#revision): void {
    if (this.#rows.has(entry.uuid)) this.refresh(entry, asOf);
    else this.remember(entry, this.#round, asOf);
  }

  /**
   * Stores an entry that this round of the regular lane has read. Returns false if the round has already seen it,
   * because SSCAN may return a member twice.
   */
  remember(entry: RegistryEntry, round: number, asOf = this.#revision): boolean {
    const row = this.#rows.get(entry.uuid);
    if (row?.seenIn === round) return false;
    if (row === undefined) {
      const newRow = this.#newRow(entry, round);
      this.#rows.set(entry.uuid, newRow);
      if (this.evidence !== undefined) this.#adoptFromReplica(entry.uuid, newRow, this.evidence);
      if (lane(newRow) === 'pending' && newRow.checkedAt === 0) this.#newcomers += 1;
      return true;
    }
    row.seenIn = round;
    this.refresh(entry, asOf);
    return true;
  }

  /** Updates the row from an entry that was read outside a regular round. An entry without a row is ignored. */
  refresh(entry: RegistryEntry, asOf = this.#revision): void {
    const row = this.#rows.get(entry.uuid);
    if (row === undefined) return;
    if (!isAt(row, entry.stored)) {
      // A result is never written for another address, and failures at the old address do not count at the new one.
      this.#unwritten.delete(entry.uuid);
      const moved = { ...entry, health: { ...entry.health, failures: 0 } };
      const newRow = this.#newRow(moved, row.seenIn);
      newRow.revision = this.#revision += 1;
      newRow.hasMoved = true;
      row.release();
      this.#rows.set(entry.uuid, newRow);
      return;
    }
    // The API owns this field, so it is updated even while a result of ours is unwritten.
    if (entry.facts !== undefined) row.calledS = seconds(entry.facts.calledAt);
    if (row.unwritten === 'nothing' && row.revision <= asOf) {
      const { state, failures, successes, countedGeneration } = row.health;
      const { checkedAt, reportedFault, facts } = entry;
      if (checkedAt !== row.checkedAt) row.hasMoved = false;
      const health = row.hasMoved ? { ...entry.health, failures: 0 } : entry.health;
      if (facts !== undefined) row.setFacts(facts);
      // No check in the registry means that the peer was registered anew.
      if (checkedAt === 0) row.health = compact(health);
      else if (health.state !== state || health.failures !== failures)
        row.health = compact({ ...health, successes, countedGeneration });
      row.checkedAt = checkedAt;
      // A hash has the fault or needs it. A UUID without a hash has no place in Redis to store its fault.
      row.error = reportedFault === undefined && isFault(row.error) ? row.error : (reportedFault ?? null);
    }
  }

  /**
   * Records a check. The result is dropped if the peer has left the registry, has moved to another address, or may not
   * be called any more. Returns whether it was recorded.
   */
  record({ uuid, stored }: Pick<RegistryEntry, 'uuid' | 'stored'>, result: CheckResult): boolean {
    const row = this.#rows.get(uuid);
    if (row === undefined || !isAt(row, stored) || row.fault !== null) return false;
    const { at, outcome, counted, health } = result;
    row.checkedAt = at;
    row.hasMoved = false;
    row.error = outcome.ok ? null : outcome.reason;
    if (counted) setHealth(row, health, at);
    if (outcome.ok) {
      row.unwrittenFacts = { okAt: at, latencyMs: Math.round(outcome.latencyMs), stateAt: row.unwrittenFacts.stateAt };
      row.setFacts({ ...row.unwrittenFacts, stateAt: row.stateS * SECOND_MS });
    }
    row.results = (row.results + (outcome.ok ? '.' : counted ? 'x' : '-')).slice(-RECENT_RESULTS);
    row.resultCount += 1;
    addToTally(row, at, outcome, counted);
    this.#changed(uuid, row, counted ? 'verdict' : 'check');
    return true;
  }

  /**
   * Records that the entry cannot be called, and sets an existing state to unavailable, unless this is recorded already.
   * Returns the fault the first time, as long as the entry keeps its address.
   */
  recordFault(uuid: string, at: number): Extract<EntryAddress, { ok: false }> | undefined {
    const row = this.#rows.get(uuid);
    if (row?.fault == null || row.error === row.fault) return undefined;
    const read = readEntry({ ip: row.ip, port: row.port }, this.#allow);
    if (read.ok) return undefined;
    const { health } = row;
    setHealth(row, { ...health, state: health.state && 'unavailable', successes: 0 }, at);
    row.error = read.error;
    this.#changed(uuid, row, 'fault');
    if (row.reportedFault === read.error) return undefined;
    row.reportedFault = read.error;
    return read;
  }

  /** Rows that wait to be written, oldest first. */
  *unwrittenRows(): Generator<UnwrittenRow> {
    for (const uuid of this.#unwritten) {
      const row = this.#rows.get(uuid);
      if (row !== undefined) yield snapshotOf(uuid, row);
    }
  }

  /** Marks the row as written, or as impossible to store. Results recorded after the row was read stay unwritten. */
  acknowledge({ uuid, ip, port, revision, resultCount }: UnwrittenRow): void {
    const row = this.#rows.get(uuid);
    if (row === undefined || !isAt(row, { ip, port })) return;
    // Each result is written exactly once, even if another result arrives during the write.
    row.resultCount -= Math.min(resultCount, row.resultCount);
    row.results = row.resultCount === 0 ? '' : row.results.slice(-row.resultCount);
    if (row.revision !== revision) return;
    this.#unwritten.delete(uuid);
    row.unwritten = 'nothing';
    row.unwrittenFacts = NO_UNWRITTEN_FACTS;
    row.revision = this.#revision += 1;
  }

  /** Rows with history tallied since that Unix minute or earlier, whether or not other fields are unwritten. */
  *talliedRows(since: number): Generator<UnwrittenRow> {
    for (const [uuid, row] of this.#rows) {
      if (row.tallyBegan !== 0 && row.tallyBegan <= since) yield snapshotOf(uuid, row);
    }
  }

  /** Removes and returns the tally that is not in the history yet. Later results start a new tally. */
  takeTally(uuid: string): Tally | undefined {
    const row = this.#rows.get(uuid);
    if (row === undefined || row.tallyBegan === 0) return undefined;
    const tally = unpackTally(row.tally, row.tallyBegan, row.codes);
    row.tally = row.codes = row.tallyBegan = 0;
    return tally;
  }

  /** Restores a tally that could not be written. */
  returnTally(uuid: string, tally: Tally): void {
    const row = this.#rows.get(uuid);
    if (row === undefined) return;
    const { packed, codes } = mergeTallies(tally, unpackTally(row.tally, row.tallyBegan, row.codes));
    row.tally = packed;
    row.codes = codes;
    row.tallyBegan = tally.began;
  }

  /** Every registered consumer with its live row, which later checks change. */
  entries(): IterableIterator<readonly [string, PeerRow]> {
    return this.#rows.entries();
  }

  /** The row of a consumer, which goes on changing; undefined if the book does not have it. */
  rowOf(uuid: string): PeerRow | undefined {
    return this.#rows.get(uuid);
  }

  /** Every registered consumer. */
  uuids(): IterableIterator<string> {
    return this.#rows.keys();
  }

  /** The time of the oldest last check in these lanes, or undefined if none of their peers was ever checked. */
  oldestCheck(of: readonly Lane[]): number | undefined {
    let oldest = Infinity;
    for (const row of this.#rows.values()) {
      if (row.checkedAt === 0 || row.checkedAt >= oldest) continue;
      const laneOfRow = lane(row);
      if (laneOfRow !== undefined && of.includes(laneOfRow)) oldest = row.checkedAt;
    }
    return oldest === Infinity ? undefined : oldest;
  }

  /** The current entry of the peer, or undefined if it is not registered or cannot be called. */
  lastKnown(uuid: string): RegistryEntry | undefined {
    const row = this.#rows.get(uuid);
    if (row === undefined) return undefined;
    const { ip, port, health, checkedAt, error } = row;
    return { uuid, stored: { ip, port }, health, checkedAt, reportedFault: isFault(error) ? error : null };
  }

  /** Where to call the peer; undefined if the entry cannot be called, or if the book has another address by now. */
  targetOf({ uuid, stored }: Pick<RegistryEntry, 'uuid' | 'stored'>): CallTarget | undefined {
    const row = this.#rows.get(uuid);
    const scope = row && SCOPES[row.scope];
    if (row?.ip == null || scope === undefined || row.fault !== null || !isAt(row, stored)) return undefined;
    // The only form of an IPv4 address that can be called is the canonical one.
    const ip = row.ip.includes(':') ? canonical(row.ip) : row.ip;
    const port = row.port === null || row.port === '' ? undefined : Number(row.port);
    return { address: { ip, port }, scope };
  }

  /** The lane of the peer, or undefined if it is not registered or cannot be called. */
  laneOf(uuid: string): Lane | undefined {
    const row = this.#rows.get(uuid);
    return row === undefined ? undefined : lane(row);
  }

  forget(uuid: string): void {
    this.#rows.get(uuid)?.release();
    this.#rows.delete(uuid);
    this.#unwritten.delete(uuid);
    this.#adopted.delete(uuid);
  }

  /** Removes the peers that were lost with a share, including their unwritten results. */
  forgetWhere(gone: (uuid: string) => boolean): void {
    for (const uuid of this.#rows.keys()) if (gone(uuid)) this.forget(uuid);
  }

  /** Whether any matching peer has a check in flight or an unwritten result. */
  isBusyWith(wanted: (uuid: string) => boolean): boolean {
    for (const uuid of this.#inFlight.keys()) if (wanted(uuid)) return true;
    for (const uuid of this.#unwritten) if (wanted(uuid)) return true;
    return false;
  }

  /**
   * Whether a peer gained with a share is not due yet, because its last check is newer than `since`. Once it is due,
   * the round includes it like any other peer.
   */
  isEarly(uuid: string, since: number, now: number): boolean {
    if (!this.#adopted.has(uuid)) return false;
    const checkedAt = this.#rows.get(uuid)?.checkedAt ?? 0;
    if (checkedAt > since && checkedAt <= now) return true;
    this.#adopted.delete(uuid);
    return false;
  }

  /** How many peers gained with a share no round of this process has included yet. */
  get adoptedCount(): number {
    return this.#adopted.size;
  }

  /** Available peers gained with a share whose last check is at least `everyMs` old. */
  overdue(now: number, everyMs: number): string[] {
    const found: string[] = [];
    for (const uuid of this.#adopted) {
      const row = this.#rows.get(uuid);
      if (row === undefined || lane(row) !== 'regular' || this.#inFlight.has(uuid)) continue;
      if (row.checkedAt <= now - everyMs || row.checkedAt > now) found.push(uuid);
    }
    return found;
  }

  /** Removes all peers, including their unwritten results. */
  clear(): void {
    for (const uuid of this.#rows.keys()) this.forget(uuid);
  }

  /**
   * Reserves the peer so that it has one check at a time: a peer that has just changed its state may be in two
   * lanes.
   */
  reserve(uuid: string): boolean {
    if (this.#inFlight.has(uuid)) return false;
    this.#inFlight.set(uuid, 'called');
    return true;
  }

  /** Ends a call that failed without an answer. The peer stays reserved until the failure is decided. */
  hold(uuid: string): void {
    this.#inFlight.set(uuid, 'failed');
    this.#callEnd$.next({ uuid, silent: true });
  }

  unreserve(uuid: string, silent = false): void {
    // Without an observer, which is nearly always, `next` would still copy its list.
    if (this.#inFlight.delete(uuid) && this.#callEnd$.observed) this.#callEnd$.next({ uuid, silent });
  }

  /** Fires when a call ends. */
  get callEnd$(): Observable<CallEnd> {
    return this.#callEnd$;
  }

  /** Whether a call to the peer is in flight. */
  isCalled(uuid: string): boolean {
    return this.#inFlight.get(uuid) === 'called';
  }

  /** The reserved peers of the scope, except the excluded ones: those with a call in flight, and how many have failed. */
  reservedIn(scope: Scope, excluded: ReadonlySet<string>): { readonly called: string[]; readonly failed: number } {
    const index = SCOPES.indexOf(scope);
    const called: string[] = [];
    let failed = 0;
    for (const [uuid, how] of this.#inFlight) {
      if (excluded.has(uuid) || this.#rows.get(uuid)?.scope !== index) continue;
      if (how === 'called') called.push(uuid);
      else failed += 1;
    }
    return { called, failed };
  }

  /**
   * The peers of a lane that are due: their last check is `everyMs` old, or lies in the future because the clock was
   * set back. Peers that were never checked come first. A peer with a check in flight is not due.
   */
  due(of: Lane, now: number, everyMs: number): string[] {
    const first: string[] = [];
    const again: string[] = [];
    // This runs several times per interval over all rows, so a row of another lane must allocate nothing.
    this.#rows.forEach((row, uuid) => {
      if (this.#isDue(uuid, row, of, now, everyMs)) (row.checkedAt === 0 ? first : again).push(uuid);
    });
    return first.length === 0 ? again : first.concat(again);
  }

  /** Whether any peer of a lane is due. */
  hasDue(of: Lane, now: number, everyMs: number): boolean {
    for (const [uuid, row] of this.#rows) if (this.#isDue(uuid, row, of, now, everyMs)) return true;
    return false;
  }

  #isDue(uuid: string, row: Row, of: Lane, now: number, everyMs: number): boolean {
    if (lane(row) !== of) return false;
    const { checkedAt } = row;
    return (checkedAt <= now - everyMs || checkedAt > now) && !this.#inFlight.has(uuid);
  }

  /** The peers of a lane that this round has not seen. */
  *notSeenIn(round: number, of: Lane): Generator<string> {
    for (const [uuid, row] of this.#rows) {
      if (row.seenIn !== round && lane(row) === of) {
        row.seenIn = round;
        yield uuid;
      }
    }
  }

  /**
   * Removes the peers that this round has not seen, after a complete read of the registry: they are no longer
   * registered.
   */
  evictNotSeen(round: number): void {
    for (const [uuid, row] of this.#rows) if (row.seenIn !== round) this.forget(uuid);
  }

  /** Whether the scope has another peer that could be a witness. */
  hasPeerBeside(uuid: string, scope: Scope): boolean {
    const index = SCOPES.indexOf(scope);
    for (const [other, row] of this.#rows) if (row.scope === index && other !== uuid) return true;
    return false;
  }

  /** How many peers of the scope can be called. */
  countIn(scope: Scope): number {
    const index = SCOPES.indexOf(scope);
    let count = 0;
    for (const row of this.#rows.values()) if (row.scope === index) count += 1;
    return count;
  }

  countInFamily(family: Family): number {
    return SCOPES.filter((scope) => familyOf(scope) === family).reduce((sum, scope) => sum + this.countIn(scope), 0);
  }

  /** Whether any peer has a state. No peer has one at the first start. */
  hasJudged(): boolean {
    for (const { health } of this.#rows.values()) if (health.state !== undefined) return true;
    return false;
  }

  /**
   * Returns up to `most` witnesses of the scope: the preferred peers first, then other available peers, then
   * suspects, and if there are none of these, any peer. Excluded peers and peers with a check in flight are left
   * out.
   */
  witnesses(scope: Scope, most: number, preferred: readonly string[], excluded: ReadonlySet<string>): string[] {
    const index = SCOPES.indexOf(scope);
    const found = new Set<string>();
    const take = (uuid: string, row: Row | undefined, lanes: readonly Lane[]): void => {
      const fits = row?.scope === index && lanes.includes(laneOf(row.health));
      if (fits && !excluded.has(uuid) && !this.#inFlight.has(uuid)) found.add(uuid);
    };
    for (const uuid of preferred) if (found.size < most) take(uuid, this.#rows.get(uuid), ['regular']);
    for (const lanes of [['regular'], ['suspect'], ['pending', 'unavailable']] as const) {
      if (found.size > 0 && lanes.length > 1) break;
      for (const [uuid, row] of this.#rows) {
        if (found.size >= most) return [...found];
        take(uuid, row, lanes);
      }
    }
    return [...found];
  }

  /** The number of denied peers by address class. */
  deniedClasses(): Readonly<Partial<Record<DeniedClass, number>>> {
    const classes: Partial<Record<DeniedClass, number>> = {};
    for (const { fault, scope } of this.#rows.values()) {
      const denied = fault === 'address-denied' ? UNCALLABLE[-scope - 1] : undefined;
      if (denied !== undefined && denied !== 'invalid') classes[denied] = (classes[denied] ?? 0) + 1;
    }
    return classes;
  }

  counts(): PeerCounts {
    const counts = { available: 0, suspect: 0, unavailable: 0, pending: 0, denied: 0, invalid: 0 };
    for (const { fault, health } of this.#rows.values()) {
      if (fault !== null) counts[fault === 'address-denied' ? 'denied' : 'invalid'] += 1;
      else counts[health.state ?? 'pending'] += 1;
    }
    return counts;
  }

  #newRow({ stored, health, checkedAt, reportedFault, facts }: RegistryEntry, seenIn: number): Row {
    const row = new Row(this.#numbers, copied(stored.ip), copied(stored.port), compact(health), reportedFault ?? null);
    row.checkedAt = checkedAt;
    row.seenIn = seenIn;
    if (facts !== undefined) {
      row.setFacts(facts);
      row.calledS = seconds(facts.calledAt);
    }
    this.#checkAddress(row);
    return row;
  }

  #adoptFromReplica(uuid: string, row: Row, evidence: (scope: Scope) => number): void {
    const scope = SCOPES[row.scope];
    if (scope === undefined) return;
    if (row.health.failures > 0) row.health = { ...row.health, countedGeneration: evidence(scope) };
    if (row.health.state === 'available') this.#adopted.add(uuid);
  }

  /** Sets whether the row can be called, and in which scope. */
  #checkAddress(row: Row): void {
    const read = readEntry({ ip: row.ip, port: row.port }, this.#allow);
    row.fault = read.ok ? null : read.error;
    row.scope = read.ok ? SCOPES.indexOf(read.scope) : -1 - UNCALLABLE.indexOf(deniedClass(row, read.error));
  }

  #changed(uuid: string, row: Row, what: Unwritten): void {
    // Two different kinds of unwritten changes need a write of the whole row.
    row.unwritten = row.unwritten === 'nothing' || row.unwritten === what ? what : 'verdict';
    row.revision = this.#revision += 1;
    this.#unwritten.add(uuid);
  }
}

/** The reasons why a row cannot be called. The scope of such a row is -1 minus the index in this list. */
const UNCALLABLE: readonly (DeniedClass | 'invalid')[] = ['invalid', 'reserved', 'public', 'private', 'loopback'];

function deniedClass({ ip }: Row, fault: AddressFault): DeniedClass | 'invalid' {
  const address = fault === 'address-denied' && ip !== null ? classify(ip) : { ok: false as const };
  if (!address.ok) return 'invalid';
  return address.class === 'forbidden' ? 'reserved' : address.class;
}

/** A copy, because V8 keeps the whole reply of Redis in memory as long as a part of it is used. */
function copied(text: string | null): string | null {
  return text === null ? null : Buffer.from(text, 'latin1').toString('latin1');
}

function isFault(error: FailureReason | null): error is AddressFault {
  return error === 'address-invalid' || error === 'address-denied';
}
