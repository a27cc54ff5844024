import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { HistorySize, Tally } from '../domain/history.js';
import type { Keys } from '../domain/keys.js';
import type { SchedulerEvent } from '../events.js';
import type { PeerBook } from '../state/peerBook.js';
import type { UnwrittenRow } from '../state/peerRow.js';
import type { RowWrite } from './verdictScript.js';

/** How a history that can't be written is named in events. */
export const KEEPING_HISTORY = 'keeping history';

const MINUTE_MS = 60_000;
/** A history is written once in so many minutes; which of them is its own, so that they do not come all at once. */
const TURN = 8;
/** Minutes after which what is seldom checked is written apart, so that no result waits longer than ten. */
const OVERDUE = 9;
/** How long nothing of history is written after that could not be. */
const PAUSE_MS = 60_000;
/** How many histories are given up at once. */
const VICTIMS = 256;

/** Decides which rows bring their history along, and gives history up where Redis has no memory left for verdicts. */
export class HistoryKeeper {
  /** Set once all that waits is to be written, due or not. */
  #ending = false;
  #atOnce = false;
  /** When a history could not be written last, until one can. */
  #failedAt: number | undefined;
  /** The consumers whose history has not been given up yet, undefined where that is none. */
  #victims: Iterator<string> | undefined;
  #lookedIn = 0;
  #unpublished: SchedulerEvent[] = [];

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly book: PeerBook,
    private readonly wall: () => number,
    private readonly explain: (error: unknown) => string,
    public size: HistorySize,
  ) {
    this.#victims = book.uuids();
  }

  end(): void {
    this.#ending = true;
  }

  /** From now on a history is written together with each verdict: nothing comes later that it could wait for. */
  atOnce(): void {
    this.#atOnce = true;
  }

  /** What the history of a row gets with this write; the book has it no longer. */
  take({ uuid, tallyBegan }: UnwrittenRow): Tally | undefined {
    if (tallyBegan === 0 || this.#isPaused()) return undefined;
    if (!this.#ending && !this.#atOnce && turnOf(uuid, this.#minute()) === turnOf(uuid, tallyBegan)) return undefined;
    const tally = this.book.takeTally(uuid);
    return this.#isOff() ? undefined : tally;
  }

  /** Whether it is time to look for such rows as `overdue` finds. */
  get isLookDue(): boolean {
    return this.#ending || this.#minute() !== this.#lookedIn;
  }

  /** Rows whose history has to be written although they may bring nothing else: looked for once a minute. */
  *overdue(): Generator<UnwrittenRow> {
    if (!this.isLookDue) return;
    const minute = (this.#lookedIn = this.#minute());
    for (const row of this.book.talliedRows(this.#ending ? Infinity : minute - OVERDUE)) {
      if (this.#isOff() || this.#isPaused()) return;
      yield row;
    }
  }

  /** Redis has taken the rows; what it said of their histories, '' for nothing. */
  written(writes: readonly RowWrite[], refusal: string): void {
    if (refusal !== '') {
      this.putBack(writes);
      this.failed(new Error(refusal));
    } else if (writes.some(({ tally }) => tally !== undefined)) {
      this.#victims = this.book.uuids();
      if (this.#failedAt !== undefined)
        this.#unpublished.push({ kind: 'redis.worked', at: this.wall(), what: KEEPING_HISTORY });
      this.#failedAt = undefined;
    }
  }

  /** A history could not be written: nothing of it is tried for a minute. */
  failed(error: unknown): void {
    const at = this.wall();
    this.#failedAt = at;
    this.#unpublished.push({ kind: 'redis.failed', at, what: KEEPING_HISTORY, reason: this.explain(error) });
  }

  /** The tallies of a write that failed wait for another one. */
  putBack(writes: readonly RowWrite[]): void {
    for (const { row, tally } of writes) if (tally !== undefined) this.book.returnTally(row.uuid, tally);
  }

  /**
   * Gives up history, that of these rows first, and each time that there is more room lets the caller try again. Ends
   * where none is left. Rejects where Redis does not take that either.
   */
  async *giveUp(writes: readonly RowWrite[], error: unknown): AsyncGenerator<void> {
    if (this.#victims === undefined) return;
    let uuids = writes.map(({ row }) => row.uuid);
    while (uuids.length > 0) {
      const removed = await withTimeout(this.redis.del(...uuids.map((uuid) => this.#key(uuid))));
      if (removed > 0) {
        this.failed(error);
        yield;
      }
      uuids = this.#nextVictims();
    }
    this.#victims = undefined;
  }

  /** What there is to tell since it was asked last. */
  takeEvents(): readonly SchedulerEvent[] {
    const events = this.#unpublished;
    this.#unpublished = [];
    return events;
  }

  #nextVictims(): string[] {
    const uuids: string[] = [];
    while (uuids.length < VICTIMS) {
      const next = this.#victims?.next();
      if (next === undefined || next.done === true) break;
      uuids.push(next.value);
    }
    return uuids;
  }

  #isPaused(): boolean {
    return this.#failedAt !== undefined && Math.abs(this.wall() - this.#failedAt) < PAUSE_MS;
  }

  #isOff(): boolean {
    return this.size.hours === 0 && this.size.days === 0;
  }

  #minute(): number {
    return Math.floor(this.wall() / MINUTE_MS);
  }

  /** UUIDs are texts in latin1, as the registry is read. */
  #key(uuid: string): Buffer {
    return Buffer.from(this.keys.history(uuid), 'latin1');
  }
}

/** The number of the turn that a minute belongs to, for this peer. */
function turnOf(uuid: string, minute: number): number {
  let hash = 0;
  for (let i = 0; i < uuid.length; i += 1) hash = (hash * 31 + uuid.charCodeAt(i)) % 65_536;
  return Math.floor((minute + (hash % TURN)) / TURN);
}
