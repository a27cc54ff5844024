import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { HistorySize, Tally } from '../domain/history.js';
import type { Keys } from '../domain/keys.js';
import type { SchedulerEvent } from '../events.js';
import type { PeerBook } from '../state/peerBook.js';
import type { UnwrittenRow } from '../state/peerRow.js';
import type { RowWrite } from './verdictScript.js';

/** The subject of a history failure, in events. */
export const KEEPING_HISTORY = 'keeping history';

const MINUTE_MS = 60_000;
/**
 * A history is written once in this number of minutes. The minute depends on the peer, so that the writes are
 * spread.
 */
const WRITE_EVERY_MIN = 8;
/**
 * After this number of minutes the history of a rarely checked peer is written on its own, so that no result waits
 * longer than ten.
 */
const MAX_WAIT_MIN = 9;
/** Pause of all history writes after a failed one. */
const PAUSE_MS = 60_000;
/** The number of histories that are removed at once. */
const EVICTION_BATCH = 256;

/**
 * Decides which rows are written together with their history, and removes history if Redis has no memory left for
 * verdicts.
 */
export class HistoryKeeper {
  /** Set when all waiting history must be written, due or not. */
  #ending = false;
  #withVerdicts = false;
  /** When a history write last failed; cleared by the next success. */
  #failedAt: number | undefined;
  /** The consumers whose history has not been removed yet; undefined if there are none. */
  #evictable: Iterator<string> | undefined;
  #scannedMinute = 0;
  #unreported: SchedulerEvent[] = [];

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly book: PeerBook,
    private readonly wall: () => number,
    private readonly explain: (error: unknown) => string,
    public size: HistorySize,
  ) {
    this.#evictable = book.uuids();
  }

  end(): void {
    this.#ending = true;
  }

  /** From now on each verdict is written together with its history, because no later write follows. */
  writeWithVerdicts(): void {
    this.#withVerdicts = true;
  }

  /** Removes and returns the tally that this write adds to the history of the row. */
  take({ uuid, tallyBegan }: UnwrittenRow): Tally | undefined {
    if (tallyBegan === 0 || this.#isPaused()) return undefined;
    if (!this.#ending && !this.#withVerdicts && writeSlotOf(uuid, this.#minute()) === writeSlotOf(uuid, tallyBegan))
      return undefined;
    const tally = this.book.takeTally(uuid);
    return this.#isDisabled() ? undefined : tally;
  }

  /** Whether `overdue` should search now. */
  get isScanDue(): boolean {
    return this.#ending || this.#minute() !== this.#scannedMinute;
  }

  /** Rows whose history must be written even if nothing else of them is unwritten. The search runs once a minute. */
  *overdue(): Generator<UnwrittenRow> {
    if (!this.isScanDue) return;
    const minute = (this.#scannedMinute = this.#minute());
    for (const row of this.book.talliedRows(this.#ending ? Infinity : minute - MAX_WAIT_MIN)) {
      if (this.#isDisabled() || this.#isPaused()) return;
      yield row;
    }
  }

  /** Handles a write that Redis has accepted. `refusal` is its error about the histories, or '' if there is none. */
  written(writes: readonly RowWrite[], refusal: string): void {
    if (refusal !== '') {
      this.putBack(writes);
      this.failed(new Error(refusal));
    } else if (writes.some(({ tally }) => tally !== undefined)) {
      this.#evictable = this.book.uuids();
      if (this.#failedAt !== undefined)
        this.#unreported.push({ kind: 'redis.worked', at: this.wall(), what: KEEPING_HISTORY });
      this.#failedAt = undefined;
    }
  }

  /** Records that a history could not be written. No history is written for a minute. */
  failed(error: unknown): void {
    const at = this.wall();
    this.#failedAt = at;
    this.#unreported.push({ kind: 'redis.failed', at, what: KEEPING_HISTORY, reason: this.explain(error) });
  }

  /** Returns the tallies of a failed write to the book, for a later write. */
  putBack(writes: readonly RowWrite[]): void {
    for (const { row, tally } of writes) if (tally !== undefined) this.book.returnTally(row.uuid, tally);
  }

  /**
   * Removes history, first that of these rows. Yields each time memory was freed, so that the caller can try again.
   * Ends when no history is left. Rejects if Redis refuses the removal too.
   */
  async *evict(writes: readonly RowWrite[], error: unknown): AsyncGenerator<void> {
    if (this.#evictable === undefined) return;
    let uuids = writes.map(({ row }) => row.uuid);
    while (uuids.length > 0) {
      const removed = await withTimeout(this.redis.del(...uuids.map((uuid) => this.#key(uuid))));
      if (removed > 0) {
        this.failed(error);
        yield;
      }
      uuids = this.#nextEvictable();
    }
    this.#evictable = undefined;
  }

  /** Removes and returns the events since the last call. */
  takeEvents(): readonly SchedulerEvent[] {
    const events = this.#unreported;
    this.#unreported = [];
    return events;
  }

  #nextEvictable(): string[] {
    const uuids: string[] = [];
    while (uuids.length < EVICTION_BATCH) {
      const next = this.#evictable?.next();
      if (next === undefined || next.done === true) break;
      uuids.push(next.value);
    }
    return uuids;
  }

  #isPaused(): boolean {
    return this.#failedAt !== undefined && Math.abs(this.wall() - this.#failedAt) < PAUSE_MS;
  }

  #isDisabled(): boolean {
    return this.size.hours === 0 && this.size.days === 0;
  }

  #minute(): number {
    return Math.floor(this.wall() / MINUTE_MS);
  }

  /** A UUID is a latin1 text, as the registry source reads it. */
  #key(uuid: string): Buffer {
    return Buffer.from(this.keys.history(uuid), 'latin1');
  }
}

/** The number of the write interval that contains the minute, shifted per peer. */
function writeSlotOf(uuid: string, minute: number): number {
  let hash = 0;
  for (let i = 0; i < uuid.length; i += 1) hash = (hash * 31 + uuid.charCodeAt(i)) % 65_536;
  return Math.floor((minute + (hash % WRITE_EVERY_MIN)) / WRITE_EVERY_MIN);
}
