import type { AddressFault, FailureReason } from '../domain/call/reasons.js';
import type { Tally } from '../domain/history.js';
import { classify, type AddressClass } from '../domain/ip/address.js';
import { familyOf, SCOPES, type Family, type Scope } from '../domain/ip/scope.js';
import { readEntry, type EntryAddress } from '../domain/peer/entry.js';
import { laneOf } from '../domain/peer/health.js';
import type { CheckOutcome, DeniedClass, Lane, PeerCounts, PeerHealth, RegistryEntry } from '../domain/peer/peer.js';
import { Columns } from './columns.js';
import {
  asRead,
  compact,
  DOUBLES,
  isAt,
  judged,
  lane,
  NO_NEWS,
  Row,
  SECOND_MS,
  seconds,
  tallyUp,
  WORDS,
  type Numbers,
  type PeerRow,
  type Unwritten,
  type UnwrittenRow,
} from './peerRow.js';
import { joined, unpacked } from './tally.js';

/** What one check found. */
export interface CheckResult {
  readonly at: number;
  readonly outcome: CheckOutcome;
  /** False for a failure that is not held against the peer: then `health` is as before. */
  readonly counted: boolean;
  readonly health: PeerHealth;
}

/** How many results a consumer's `recent` holds. */
export const RECENT_RESULTS = 60;

/**
 * The one owner of what is known of each consumer: what rounds go on with while Redis is away, where the lanes find
 * which peer is due, and what has to be written back. A row that is not written yet beats what the registry says, and
 * so does one that changed after the reading began; a peer that moved to another address beats both.
 */
export class PeerBook {
  readonly #rows = new Map<string, Row>();
  readonly #numbers: Numbers = new Columns(WORDS, DOUBLES);
  readonly #unwritten = new Set<string>();
  readonly #inFlight = new Set<string>();
  /** Peers in good standing that came with a share, until a round of ours has taken them in. */
  readonly #adopted = new Set<string>();
  #revision = 0;
  #newcomers = 0;
  #round = 0;
  #allow: readonly AddressClass[];

  /**
   * `allow` says which classes of address may be called. Where others check peers as well, `evidence` tells the newest
   * one of a scope: what they counted against a peer counts on with a newer one of our own.
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

  /** Grows with each change. Noted before a reading of the registry, it tells which rows have changed since. */
  get revision(): number {
    return this.#revision;
  }

  /** Grows with each peer that is met for the first time and was never checked. */
  get newcomers(): number {
    return this.#newcomers;
  }

  /** Takes another policy. Returns whether an entry may be called now that could not be before. */
  setPolicy(allow: readonly AddressClass[]): boolean {
    this.#allow = allow;
    let opened = false;
    for (const row of this.#rows.values()) {
      const wasCallable = row.fault === null;
      this.#examine(row);
      if (wasCallable || row.fault !== null) continue;
      opened = true;
      // Looked at as soon as it may be.
      row.checkedAt = 0;
      this.#newcomers += 1;
    }
    return opened;
  }

  /** A round of the regular lane begins to read the registry. */
  beginRound(round: number): void {
    this.#round = round;
  }

  /** Takes in an entry that came with a share: what is read of it counts as met by the round under way. */
  adopt(entry: RegistryEntry, asOf = this.#revision): void {
    if (this.#rows.has(entry.uuid)) this.refresh(entry, asOf);
    else this.remember(entry, this.#round, asOf);
  }

  /**
   * Takes in an entry that this round of the regular lane has read. Returns false for one that the round has met before
   * (SSCAN may return a member twice).
   */
  remember(entry: RegistryEntry, round: number, asOf = this.#revision): boolean {
    const row = this.#rows.get(entry.uuid);
    if (row?.seenIn === round) return false;
    if (row === undefined) {
      const newRow = this.#newRow(entry, round);
      this.#rows.set(entry.uuid, newRow);
      if (this.evidence !== undefined) this.#fromOthers(entry.uuid, newRow, this.evidence);
      if (lane(newRow) === 'pending' && newRow.checkedAt === 0) this.#newcomers += 1;
      return true;
    }
    row.seenIn = round;
    this.refresh(entry, asOf);
    return true;
  }

  /** Takes in an entry that was read outside of such a round; one that the book does not have is left out. */
  refresh(entry: RegistryEntry, asOf = this.#revision): void {
    const row = this.#rows.get(entry.uuid);
    if (row === undefined) return;
    if (!isAt(row, entry.stored)) {
      // No result is ever written for another address, and what failed there is no failure here.
      this.#unwritten.delete(entry.uuid);
      const moved = { ...entry, health: { ...entry.health, failures: 0 } };
      const newRow = this.#newRow(moved, row.seenIn);
      newRow.revision = this.#revision += 1;
      row.release();
      this.#rows.set(entry.uuid, newRow);
      return;
    }
    // The API's own field, whatever waits of ours.
    if (entry.facts !== undefined) row.calledS = seconds(entry.facts.calledAt);
    if (row.unwritten === 'nothing' && row.revision <= asOf) {
      const { successes, countedGeneration } = row.health;
      const { health, checkedAt, reportedFault, facts } = entry;
      if (facts !== undefined) row.note(facts);
      // Registered anew where the registry has no check of it.
      row.health = compact(checkedAt === 0 ? health : { ...health, successes, countedGeneration });
      row.checkedAt = checkedAt;
      // A UUID without a hash has no place to store its fault.
      row.error = reportedFault ?? (isFault(row.error) ? row.error : null);
    }
  }

  /** Records a check. It counts only for the peer as it was called: neither after it left, nor at another address. */
  record({ uuid, stored }: Pick<RegistryEntry, 'uuid' | 'stored'>, result: CheckResult): void {
    const row = this.#rows.get(uuid);
    if (row === undefined || !isAt(row, stored)) return;
    const { at, outcome, counted, health } = result;
    row.checkedAt = at;
    row.error = outcome.ok ? null : outcome.reason;
    if (counted) judged(row, health, at);
    if (outcome.ok) {
      row.news = { okAt: at, latencyMs: Math.round(outcome.latencyMs), stateAt: row.news.stateAt };
      row.note({ ...row.news, stateAt: row.stateS * SECOND_MS });
    }
    row.results = (row.results + (outcome.ok ? '.' : counted ? 'x' : '-')).slice(-RECENT_RESULTS);
    row.resultCount += 1;
    tallyUp(row, at, outcome, counted);
    this.#changed(uuid, row, counted ? 'verdict' : 'check');
  }

  /**
   * Records that the entry can't be called, and that a state it had says no longer that it may be used. Returns the
   * fault where it is news, and undefined where it is known already or there is none.
   */
  recordFault(uuid: string, at: number): Extract<EntryAddress, { ok: false }> | undefined {
    const row = this.#rows.get(uuid);
    if (row?.fault == null || row.error === row.fault) return undefined;
    const read = readEntry({ ip: row.ip, port: row.port }, this.#allow);
    if (read.ok) return undefined;
    const { health } = row;
    judged(row, { ...health, state: health.state && 'unavailable', successes: 0 }, at);
    row.error = read.error;
    this.#changed(uuid, row, 'fault');
    return read;
  }

  /** Rows that wait to be written, the longest waiting first. */
  *unwrittenRows(): Generator<UnwrittenRow> {
    for (const uuid of this.#unwritten) {
      const row = this.#rows.get(uuid);
      if (row !== undefined) yield asRead(uuid, row);
    }
  }

  /** The registry has got this row, or has no place for it; what was recorded since goes on waiting. */
  acknowledge({ uuid, ip, port, revision, resultCount }: UnwrittenRow): void {
    const row = this.#rows.get(uuid);
    if (row === undefined || !isAt(row, { ip, port })) return;
    // Each result is written once, even where another one came while it was being written.
    row.resultCount -= Math.min(resultCount, row.resultCount);
    row.results = row.resultCount === 0 ? '' : row.results.slice(-row.resultCount);
    if (row.revision !== revision) return;
    this.#unwritten.delete(uuid);
    row.unwritten = 'nothing';
    row.news = NO_NEWS;
    row.revision = this.#revision += 1;
  }

  /** Rows whose history has waited since that Unix minute or longer, whether anything else of them waits or not. */
  *talliedRows(since: number): Generator<UnwrittenRow> {
    for (const [uuid, row] of this.#rows) {
      if (row.tallyBegan !== 0 && row.tallyBegan <= since) yield asRead(uuid, row);
    }
  }

  /** Hands over what the history has not got yet of a peer; results from now on begin another tally. */
  takeTally(uuid: string): Tally | undefined {
    const row = this.#rows.get(uuid);
    if (row === undefined || row.tallyBegan === 0) return undefined;
    const tally = unpacked(row.tally, row.tallyBegan, row.codes);
    row.tally = row.codes = row.tallyBegan = 0;
    return tally;
  }

  /** Takes back a tally that could not be written. */
  returnTally(uuid: string, tally: Tally): void {
    const row = this.#rows.get(uuid);
    if (row === undefined) return;
    const { packed, codes } = joined(tally, unpacked(row.tally, row.tallyBegan, row.codes));
    row.tally = packed;
    row.codes = codes;
    row.tallyBegan = tally.began;
  }

  /** Every registered consumer with its row, which goes on changing. */
  entries(): IterableIterator<readonly [string, PeerRow]> {
    return this.#rows.entries();
  }

  /** The row of a consumer, which goes on changing; undefined where it is not registered. */
  rowOf(uuid: string): PeerRow | undefined {
    return this.#rows.get(uuid);
  }

  /** Every registered consumer. */
  uuids(): IterableIterator<string> {
    return this.#rows.keys();
  }

  /** When the least recently checked peer of the lanes was checked; undefined where none of them ever was. */
  oldestCheck(of: readonly Lane[]): number | undefined {
    let oldest = Infinity;
    for (const row of this.#rows.values()) {
      if (row.checkedAt === 0 || row.checkedAt >= oldest) continue;
      const its = lane(row);
      if (its !== undefined && of.includes(its)) oldest = row.checkedAt;
    }
    return oldest === Infinity ? undefined : oldest;
  }

  /** The peer as it is known now, undefined where it is not registered any more, or can't be called. */
  lastKnown(uuid: string): RegistryEntry | undefined {
    const row = this.#rows.get(uuid);
    if (row === undefined) return undefined;
    const { ip, port, health, checkedAt, error } = row;
    return { uuid, stored: { ip, port }, health, checkedAt, reportedFault: isFault(error) ? error : null };
  }

  /** The lane of a peer, undefined for one that is not registered or can't be called. */
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

  /** Forgets those that have gone with a share, and what waits to be written of them. */
  forgetWhere(gone: (uuid: string) => boolean): void {
    for (const uuid of this.#rows.keys()) if (gone(uuid)) this.forget(uuid);
  }

  /** Whether a check is under way of any such peer, or a result of one waits to be written. */
  isBusyWith(wanted: (uuid: string) => boolean): boolean {
    for (const uuid of this.#inFlight) if (wanted(uuid)) return true;
    for (const uuid of this.#unwritten) if (wanted(uuid)) return true;
    return false;
  }

  /**
   * Whether a peer that came with a share waits for a later check, since it was checked after that time. A round that
   * meets it before takes it in.
   */
  isEarly(uuid: string, since: number, now: number): boolean {
    if (!this.#adopted.has(uuid)) return false;
    const checkedAt = this.#rows.get(uuid)?.checkedAt ?? 0;
    if (checkedAt > since && checkedAt <= now) return true;
    this.#adopted.delete(uuid);
    return false;
  }

  /** How many came with a share, and were not taken in by a round of ours yet. */
  get adoptedCount(): number {
    return this.#adopted.size;
  }

  /** Of the peers that came with a share, those in good standing that were last checked so long ago. */
  overdue(now: number, everyMs: number): string[] {
    const found: string[] = [];
    for (const uuid of this.#adopted) {
      const row = this.#rows.get(uuid);
      if (row === undefined || lane(row) !== 'regular' || this.#inFlight.has(uuid)) continue;
      if (row.checkedAt <= now - everyMs || row.checkedAt > now) found.push(uuid);
    }
    return found;
  }

  /** Forgets everybody, and what waits to be written of them. */
  clear(): void {
    for (const uuid of this.#rows.keys()) this.forget(uuid);
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

  /**
   * The peers of a lane that are due: the last check is so old, or lies in the future, since the clock has gone back.
   * Those never checked come first. A peer whose check is under way is not due.
   */
  due(of: Lane, now: number, everyMs: number): string[] {
    const first: string[] = [];
    const again: string[] = [];
    for (const [uuid, row] of this.#rows) {
      const old = row.checkedAt <= now - everyMs || row.checkedAt > now;
      if (old && lane(row) === of && !this.#inFlight.has(uuid)) (row.checkedAt === 0 ? first : again).push(uuid);
    }
    return first.length === 0 ? again : first.concat(again);
  }

  /** The peers of a lane that this round has not met. */
  *notSeenIn(round: number, of: Lane): Generator<string> {
    for (const [uuid, row] of this.#rows) {
      if (row.seenIn !== round && lane(row) === of) {
        row.seenIn = round;
        yield uuid;
      }
    }
  }

  /** After a registry read from end to end: a peer that the round has not met is no longer registered. */
  evictNotSeen(round: number): void {
    for (const [uuid, row] of this.#rows) if (row.seenIn !== round) this.forget(uuid);
  }

  /** Whether another peer of the scope could testify that we are online. */
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

  /** Whether any peer has a state; none has at the first start. */
  hasJudged(): boolean {
    for (const { health } of this.#rows.values()) if (health.state !== undefined) return true;
    return false;
  }

  /**
   * Up to so many peers of the scope in good standing, to be asked whether we are online: those preferred first, then
   * others that are available, then suspects; where there is none of these, any. None of those excluded, and none whose
   * check is under way.
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

  /** How many of the denied ones there are of each class of address. */
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
    const row = new Row(this.#numbers, stored.ip, stored.port, compact(health), reportedFault);
    row.checkedAt = checkedAt;
    row.seenIn = seenIn;
    if (facts !== undefined) {
      row.note(facts);
      row.calledS = seconds(facts.calledAt);
    }
    this.#examine(row);
    return row;
  }

  #fromOthers(uuid: string, row: Row, evidence: (scope: Scope) => number): void {
    const scope = SCOPES[row.scope];
    if (scope === undefined) return;
    if (row.health.failures > 0) row.health = { ...row.health, countedGeneration: evidence(scope) };
    if (row.health.state === 'available') this.#adopted.add(uuid);
  }

  /** Whether the row can be called, and in which scope. */
  #examine(row: Row): void {
    const read = readEntry({ ip: row.ip, port: row.port }, this.#allow);
    row.fault = read.ok ? null : read.error;
    row.scope = read.ok ? SCOPES.indexOf(read.scope) : -1 - UNCALLABLE.indexOf(deniedClass(row, read.error));
  }

  #changed(uuid: string, row: Row, what: Unwritten): void {
    // Of two different things that wait, the whole row is written.
    row.unwritten = row.unwritten === 'nothing' || row.unwritten === what ? what : 'verdict';
    row.revision = this.#revision += 1;
    this.#unwritten.add(uuid);
  }
}

/** Why a row can't be called; its scope is -1 minus the index here. */
const UNCALLABLE: readonly (DeniedClass | 'invalid')[] = ['invalid', 'reserved', 'public', 'private', 'loopback'];

function deniedClass({ ip }: Row, fault: AddressFault): DeniedClass | 'invalid' {
  const address = fault === 'address-denied' && ip !== null ? classify(ip) : { ok: false as const };
  if (!address.ok) return 'invalid';
  return address.class === 'forbidden' ? 'reserved' : address.class;
}

function isFault(error: FailureReason | null): error is AddressFault {
  return error === 'address-invalid' || error === 'address-denied';
}
