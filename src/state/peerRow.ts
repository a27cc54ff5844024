import type { AddressFault, FailureReason } from '../domain/call/reasons.js';
import { latencyCode } from '../domain/history.js';
import { laneOf } from '../domain/peer/health.js';
import type { CheckOutcome, Lane, PeerFacts, PeerHealth, StoredAddress } from '../domain/peer/peer.js';
import { Columns, type Block } from './columns.js';
import { increment, isFull, type Result } from './tally.js';

export const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const MAX_WORD = 2 ** 32 - 1;
const MAX_LATENCY_MS = 2 ** 31;
/** A result with an earlier time comes from a clock that is not set yet and belongs to no hour of the history. */
const EARLIEST_PLAUSIBLE_TIME = Date.UTC(2025, 0, 1);

/** What is not in the registry yet: nothing, only the time of a check, the fault of the entry, or a verdict. */
export type Unwritten = 'nothing' | 'check' | 'fault' | 'verdict';

interface UnwrittenFacts {
  /** Unix milliseconds of the last unwritten answer and its duration; 0 if there is none. */
  readonly okAt: number;
  readonly latencyMs: number;
  /** Unix milliseconds of the last unwritten change of state; 0 if there is none. */
  readonly stateAt: number;
}

export const NO_UNWRITTEN_FACTS: UnwrittenFacts = { okAt: 0, latencyMs: 0, stateAt: 0 };

const COLUMNS = {
  scope: Int8Array,
  fault: Uint8Array,
  reportedFault: Uint8Array,
  unwritten: Uint8Array,
  moved: Uint8Array,
  seenIn: Uint32Array,
  resultCount: Uint32Array,
  tally: Uint32Array,
  codes: Uint32Array,
  tallyBegan: Uint32Array,
  stateS: Uint32Array,
  okS: Uint32Array,
  calledS: Uint32Array,
  latencyMs: Uint32Array,
  checkedAt: Float64Array,
  revision: Float64Array,
};

type Arrays = { readonly [Name in keyof typeof COLUMNS]: InstanceType<(typeof COLUMNS)[Name]> };
type Numbers = Columns<Arrays>;

/** The numbers of all rows of a book. */
export function makeNumbers(): Numbers {
  return new Columns<Arrays>(COLUMNS);
}

/** What the numbers in the columns stand for. */
const FAULTS: readonly (AddressFault | null)[] = [null, 'address-denied', 'address-invalid'];
const UNWRITTEN: readonly Unwritten[] = ['nothing', 'check', 'fault', 'verdict'];

/** A slot that reads as an empty row and ignores writes. */
const NO_SLOT = -1;

/**
 * One consumer. A row must stay under 300 bytes, because there may be 100,000 of them. Its uuid is the key of the
 * map.
 */
export class Row {
  /** Unwritten facts of an answer. They are a separate object because most rows have none. */
  unwrittenFacts = NO_UNWRITTEN_FACTS;
  /** Unwritten results, newest last: `.` answered, `x` counted failure, `-` failure not counted. */
  results = '';
  readonly #block: Block<Arrays>;
  #slot: number;

  constructor(
    numbers: Numbers,
    readonly ip: string | null,
    readonly port: string | null,
    public health: PeerHealth,
    /** Why the last check failed, or the fault of the address once it has been reported. */
    public error: FailureReason | null,
  ) {
    const { block, row } = numbers.claim();
    this.#block = block;
    this.#slot = row;
  }

  /** Stores further facts from the registry. Times are kept in seconds. */
  setFacts({ stateAt, okAt, latencyMs }: Omit<PeerFacts, 'calledAt'>): void {
    this.stateS = seconds(stateAt);
    this.okS = seconds(okAt);
    this.latencyMs = Math.min(latencyMs, MAX_LATENCY_MS);
  }

  /**
   * Frees the numbers. A reader that still has this row reads an empty row, never the numbers of the next row in the same
   * slot.
   */
  release(): void {
    if (this.#slot === NO_SLOT) return;
    this.#block.release(this.#slot);
    this.#slot = NO_SLOT;
  }

  /** Index of the scope of the address. It is negative if the address cannot be called: see `UNCALLABLE`. */
  get scope(): number {
    return this.#block.of.scope[this.#slot] ?? -1;
  }
  set scope(value: number) {
    this.#block.of.scope[this.#slot] = value;
  }

  /** Why the current policy or format rules forbid a call to the address. */
  get fault(): AddressFault | null {
    return FAULTS[this.#block.of.fault[this.#slot] ?? 0] ?? null;
  }
  set fault(value: AddressFault | null) {
    this.#block.of.fault[this.#slot] = FAULTS.indexOf(value);
  }

  /** The fault of this address that was reported. */
  get reportedFault(): AddressFault | null {
    return FAULTS[this.#block.of.reportedFault[this.#slot] ?? 0] ?? null;
  }
  set reportedFault(value: AddressFault | null) {
    this.#block.of.reportedFault[this.#slot] = FAULTS.indexOf(value);
  }

  get unwritten(): Unwritten {
    return UNWRITTEN[this.#block.of.unwritten[this.#slot] ?? 0] ?? 'nothing';
  }
  set unwritten(value: Unwritten) {
    this.#block.of.unwritten[this.#slot] = UNWRITTEN.indexOf(value);
  }

  /** Whether the address was changed after the last check, so that the failures in the registry belong to the old one. */
  get hasMoved(): boolean {
    return this.#block.of.moved[this.#slot] === 1;
  }
  set hasMoved(value: boolean) {
    this.#block.of.moved[this.#slot] = value ? 1 : 0;
  }

  /** The last round of the regular lane that found the entry in the registry. */
  get seenIn(): number {
    return this.#block.of.seenIn[this.#slot] ?? 0;
  }
  set seenIn(value: number) {
    this.#block.of.seenIn[this.#slot] = value;
  }

  /** The number of results since the last write. It can be larger than the length of `results`. */
  get resultCount(): number {
    return this.#block.of.resultCount[this.#slot] ?? 0;
  }
  set resultCount(value: number) {
    this.#block.of.resultCount[this.#slot] = value;
  }

  /** Results that are not in the history yet, packed as in `tally.ts`. */
  get tally(): number {
    return this.#block.of.tally[this.#slot] ?? 0;
  }
  set tally(value: number) {
    this.#block.of.tally[this.#slot] = value;
  }

  /** Sum of the latency codes of the answers in the tally. */
  get codes(): number {
    return this.#block.of.codes[this.#slot] ?? 0;
  }
  set codes(value: number) {
    this.#block.of.codes[this.#slot] = value;
  }

  /** Unix minute of the first result in the tally; 0 if the tally is empty. */
  get tallyBegan(): number {
    return this.#block.of.tallyBegan[this.#slot] ?? 0;
  }
  set tallyBegan(value: number) {
    this.#block.of.tallyBegan[this.#slot] = value;
  }

  /** Unix seconds of the last change of state; 0 if unknown. */
  get stateS(): number {
    return this.#block.of.stateS[this.#slot] ?? 0;
  }
  set stateS(value: number) {
    this.#block.of.stateS[this.#slot] = value;
  }

  /** Unix seconds of the last answer; 0 if unknown. */
  get okS(): number {
    return this.#block.of.okS[this.#slot] ?? 0;
  }
  set okS(value: number) {
    this.#block.of.okS[this.#slot] = value;
  }

  /** Unix seconds of the last call from this peer to our API; 0 if unknown. */
  get calledS(): number {
    return this.#block.of.calledS[this.#slot] ?? 0;
  }
  set calledS(value: number) {
    this.#block.of.calledS[this.#slot] = value;
  }

  /** Duration of the last answer. */
  get latencyMs(): number {
    return this.#block.of.latencyMs[this.#slot] ?? 0;
  }
  set latencyMs(value: number) {
    this.#block.of.latencyMs[this.#slot] = value;
  }

  /** Unix milliseconds of the last check; 0 if there was none. */
  get checkedAt(): number {
    return this.#block.of.checkedAt[this.#slot] ?? 0;
  }
  set checkedAt(value: number) {
    this.#block.of.checkedAt[this.#slot] = value;
  }

  /** The revision of the book when a check or an acknowledged write last changed this row. */
  get revision(): number {
    return this.#block.of.revision[this.#slot] ?? 0;
  }
  set revision(value: number) {
    this.#block.of.revision[this.#slot] = value;
  }
}

/** A copy of the row for the sink, as it was when the sink read it. */
export type UnwrittenRow = Readonly<
  Pick<
    Row,
    | 'ip'
    | 'port'
    | 'health'
    | 'error'
    | 'results'
    | 'unwritten'
    | 'resultCount'
    | 'tallyBegan'
    | 'checkedAt'
    | 'revision'
  >
> &
  UnwrittenFacts & { readonly uuid: string };

/** A read-only view of a row. */
export type PeerRow = Readonly<
  Pick<
    Row,
    | 'ip'
    | 'port'
    | 'scope'
    | 'fault'
    | 'health'
    | 'error'
    | 'results'
    | 'checkedAt'
    | 'stateS'
    | 'okS'
    | 'calledS'
    | 'latencyMs'
  >
>;

export function lane({ fault, health }: Row): Lane | undefined {
  return fault === null ? laneOf(health) : undefined;
}

export function isAt({ ip, port }: Row, stored: StoredAddress): boolean {
  return ip === stored.ip && port === stored.port;
}

export function snapshotOf(uuid: string, row: Row): UnwrittenRow {
  const { ip, port, health, error, results, unwritten, resultCount, tallyBegan, checkedAt, revision } = row;
  const fields = { ip, port, health, error, results, unwritten, resultCount, tallyBegan, checkedAt, revision };
  return { uuid, ...fields, ...row.unwrittenFacts };
}

export function setHealth(row: Row, health: PeerHealth, at: number): void {
  if (health.state !== row.health.state) {
    row.unwrittenFacts = { ...row.unwrittenFacts, stateAt: at };
    row.stateS = seconds(at);
  }
  row.health = compact(health);
}

export function addToTally(row: Row, at: number, outcome: CheckOutcome, held: boolean): void {
  if (at < EARLIEST_PLAUSIBLE_TIME) return;
  const result: Result = outcome.ok ? 'answered' : held ? 'failed' : 'withheld';
  // The codes must cover exactly the answers that the tally counts, or their mean is wrong.
  if (outcome.ok && !isFull(row.tally, result)) row.codes += latencyCode(outcome.latencyMs);
  row.tally = increment(row.tally, result);
  if (row.tallyBegan === 0) row.tallyBegan = Math.floor(at / MINUTE_MS);
}

/** Seconds that fit into 32 bits, until the year 2106; 0 for a value that is no valid time. */
export function seconds(ms: number): number {
  const value = Math.floor(ms / SECOND_MS);
  return value > 0 && value <= MAX_WORD ? value : 0;
}

const shared = new Map<string, PeerHealth>();

/** Most peers have one of a few health values. One shared object per value keeps a row small. */
export function compact(health: PeerHealth): PeerHealth {
  if (health.failures > 0 || health.countedGeneration > 0) return health;
  const key = `${health.state ?? ''} ${String(health.successes)}`;
  const known = shared.get(key);
  if (known !== undefined) return known;
  shared.set(key, health);
  return health;
}
