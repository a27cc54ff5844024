import type { AddressFault, FailureReason } from '../domain/call/reasons.js';
import { latencyCode } from '../domain/history.js';
import { laneOf } from '../domain/peer/health.js';
import type { CheckOutcome, Lane, PeerFacts, PeerHealth, StoredAddress } from '../domain/peer/peer.js';
import type { Columns } from './columns.js';
import { isFull, withOne, type Result } from './tally.js';

export const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const MAX_WORD = 2 ** 32 - 1;
const MAX_LATENCY_MS = 2 ** 31;
/** Before this time a clock has not been set yet: such results belong to no hour. */
const CLOCKS_ARE_SET = Date.UTC(2025, 0, 1);

/** What the registry has not got yet: nothing, only that there was a check, the fault of the entry, or a verdict. */
export type Unwritten = 'nothing' | 'check' | 'fault' | 'verdict';

interface News {
  /** Unix milliseconds of the last answer that is not written yet, and how long it took; 0 where there is none. */
  readonly okAt: number;
  readonly latencyMs: number;
  /** Unix milliseconds of the last change of state that is not written yet; 0 where there is none. */
  readonly stateAt: number;
}

export const NO_NEWS: News = { okAt: 0, latencyMs: 0, stateAt: 0 };

export const WORDS = [
  'seenIn',
  'resultCount',
  'tally',
  'codes',
  'tallyBegan',
  'stateS',
  'okS',
  'calledS',
  'latencyMs',
] as const;
export const DOUBLES = ['checkedAt', 'revision'] as const;

export type Numbers = Columns<(typeof WORDS)[number], (typeof DOUBLES)[number]>;

/** No row of the columns: it reads as zeros, and what is written there is lost. */
const GONE = -1;

/** One consumer. A row has to stay under 300 bytes: there may be 100,000 of them. Its uuid is the key of the map. */
export class Row {
  /** Index of the address' scope; negative where it can't be called: see `UNCALLABLE`. */
  scope = -1;
  /** Why the address can't be called, under the policy in force. */
  fault: AddressFault | null = null;
  /** What else is not written yet; apart, since of most rows there is nothing. */
  news = NO_NEWS;
  /** Results that are not written yet, newest last: `.` answered, `x` counted failure, `-` failure not counted. */
  results = '';
  unwritten: Unwritten = 'nothing';
  readonly #numbers: Numbers;
  #slot: number;

  constructor(
    numbers: Numbers,
    readonly ip: string | null,
    readonly port: string | null,
    public health: PeerHealth,
    /** Why the last check failed; a fault of the address once it has been reported. */
    public error: FailureReason | null,
  ) {
    this.#numbers = numbers;
    this.#slot = numbers.claim();
  }

  /** Takes in what the registry says besides; the times are kept to the second. */
  note({ stateAt, okAt, latencyMs }: Omit<PeerFacts, 'calledAt'>): void {
    this.stateS = seconds(stateAt);
    this.okS = seconds(okAt);
    this.latencyMs = Math.min(latencyMs, MAX_LATENCY_MS);
  }

  /**
   * The numbers are gone. A reader that still has the row gets zeros from now on, never those of the next row in its
   * place.
   */
  release(): void {
    this.#numbers.release(this.#slot);
    this.#slot = GONE;
  }

  /** The round of the regular lane that last met the entry in the registry. */
  get seenIn(): number {
    return this.#numbers.word('seenIn', this.#slot);
  }
  set seenIn(value: number) {
    this.#numbers.setWord('seenIn', this.#slot, value);
  }

  /** How many results have been recorded since the last one that is written, more than `results` may hold. */
  get resultCount(): number {
    return this.#numbers.word('resultCount', this.#slot);
  }
  set resultCount(value: number) {
    this.#numbers.setWord('resultCount', this.#slot, value);
  }

  /** Results that the history has not got yet, packed as in `tally.ts`. */
  get tally(): number {
    return this.#numbers.word('tally', this.#slot);
  }
  set tally(value: number) {
    this.#numbers.setWord('tally', this.#slot, value);
  }

  /** The latency codes of the answers among them, added up. */
  get codes(): number {
    return this.#numbers.word('codes', this.#slot);
  }
  set codes(value: number) {
    this.#numbers.setWord('codes', this.#slot, value);
  }

  /** Unix minutes of the first of them; 0 where there is none. */
  get tallyBegan(): number {
    return this.#numbers.word('tallyBegan', this.#slot);
  }
  set tallyBegan(value: number) {
    this.#numbers.setWord('tallyBegan', this.#slot, value);
  }

  /** Unix seconds of the last change of state; 0 where that is not known. */
  get stateS(): number {
    return this.#numbers.word('stateS', this.#slot);
  }
  set stateS(value: number) {
    this.#numbers.setWord('stateS', this.#slot, value);
  }

  /** Unix seconds of the last answer; 0 where that is not known. */
  get okS(): number {
    return this.#numbers.word('okS', this.#slot);
  }
  set okS(value: number) {
    this.#numbers.setWord('okS', this.#slot, value);
  }

  /** Unix seconds of when it last called us; 0 where that is not known. */
  get calledS(): number {
    return this.#numbers.word('calledS', this.#slot);
  }
  set calledS(value: number) {
    this.#numbers.setWord('calledS', this.#slot, value);
  }

  /** How long the last answer took. */
  get latencyMs(): number {
    return this.#numbers.word('latencyMs', this.#slot);
  }
  set latencyMs(value: number) {
    this.#numbers.setWord('latencyMs', this.#slot, value);
  }

  /** Unix milliseconds of the last check; 0 where there was none. */
  get checkedAt(): number {
    return this.#numbers.double('checkedAt', this.#slot);
  }
  set checkedAt(value: number) {
    this.#numbers.setDouble('checkedAt', this.#slot, value);
  }

  /** The book's revision at the last change of this row by a check, or by the acknowledgement of its write. */
  get revision(): number {
    return this.#numbers.double('revision', this.#slot);
  }
  set revision(value: number) {
    this.#numbers.setDouble('revision', this.#slot, value);
  }
}

/** A row as the sink writes it, as it was when it was asked for. */
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
  News & { readonly uuid: string };

/** A row for readers alone. */
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

export function asRead(uuid: string, row: Row): UnwrittenRow {
  const { ip, port, health, error, results, unwritten, resultCount, tallyBegan, checkedAt, revision } = row;
  const fields = { ip, port, health, error, results, unwritten, resultCount, tallyBegan, checkedAt, revision };
  return { uuid, ...fields, ...row.news };
}

export function judged(row: Row, health: PeerHealth, at: number): void {
  if (health.state !== row.health.state) {
    row.news = { ...row.news, stateAt: at };
    row.stateS = seconds(at);
  }
  row.health = compact(health);
}

export function tallyUp(row: Row, at: number, outcome: CheckOutcome, held: boolean): void {
  if (at < CLOCKS_ARE_SET) return;
  const result: Result = outcome.ok ? 'answered' : held ? 'failed' : 'withheld';
  // The mean is that of the answers that are counted.
  if (outcome.ok && !isFull(row.tally, result)) row.codes += latencyCode(outcome.latencyMs);
  row.tally = withOne(row.tally, result);
  if (row.tallyBegan === 0) row.tallyBegan = Math.floor(at / MINUTE_MS);
}

/** As a word of 32 bits has room for it, until the year 2106; 0 for what is no time. */
export function seconds(ms: number): number {
  const value = Math.floor(ms / SECOND_MS);
  return value > 0 && value <= MAX_WORD ? value : 0;
}

const shared = new Map<string, PeerHealth>();

/** Most peers share one of a handful of healths: one object for all of them keeps a row small. */
export function compact(health: PeerHealth): PeerHealth {
  if (health.failures > 0 || health.countedGeneration > 0) return health;
  const key = `${health.state ?? ''} ${String(health.successes)}`;
  const known = shared.get(key);
  if (known !== undefined) return known;
  shared.set(key, health);
  return health;
}
