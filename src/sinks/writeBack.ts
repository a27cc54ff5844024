import type { RedisClient } from '../clients/redis.js';
import { NO_FENCE, runScript } from '../clients/script.js';
import type { HistorySize } from '../domain/history.js';
import type { Keys } from '../domain/keys.js';
import type { Guard } from '../domain/share.js';
import type { SchedulerEvent } from '../events.js';
import type { PeerBook } from '../state/peerBook.js';
import type { UnwrittenRow } from '../state/peerRow.js';
import { SoleShares, type Shares } from '../state/shares.js';
import { HistoryKeeper } from './historyKeeper.js';
import type { Sink } from './sink.js';
import { locksOf, toArguments, toKeys, WRITE, type RowWrite } from './verdictScript.js';

/** Rows per script. Redis serves no other client while a script runs. */
const BATCH = 16;
/** Rows per script after an outage, when many wait. */
const CATCH_UP_BATCH = 32;
/** The subject of a write in events. */
export const WRITING_VERDICTS = 'writing verdicts';

const NO_HISTORY: HistorySize = { hours: 0, days: 0 };

type GuardedRow = Pick<RowWrite, 'row' | 'guard'>;

/** Redis skipped rows because their lock holds another token, or none. */
class FencedError extends Error {
  constructor(
    held: string,
    readonly rows: number,
  ) {
    super(`FENCED ${held}`);
  }
}

/**
 * Writes the unwritten rows of the book to the registry, in batches, one batch at a time. The history of a consumer
 * is written together with a verdict, once in a few minutes.
 */
export class WriteBack implements Sink {
  /** Set from a failed write until everything is written. */
  #failing = false;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<readonly SchedulerEvent[]> | undefined;
  readonly #history: HistoryKeeper;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly book: PeerBook,
    private readonly wall: () => number,
    private readonly explain: (error: unknown) => string,
    history = NO_HISTORY,
    private readonly shares: Shares = new SoleShares(keys.leader, NO_FENCE),
    /** The value of `checked_by`; '' for none. */
    private readonly checkedBy = '',
  ) {
    this.#history = new HistoryKeeper(redis, keys, book, wall, explain, history);
  }

  /** The book already holds the results. */
  accept(event: SchedulerEvent): void {
    if (event.kind === 'process.stopping') this.#history.end();
  }

  get hasUnwritten(): boolean {
    return this.book.unwrittenCount > 0 || this.#failing || this.#history.isScanDue;
  }

  /** Sets the retention. A longer history is shortened with its next write. */
  keepHistory(size: HistorySize): void {
    this.#history.size = size;
  }

  /** From now on each verdict is written together with its history. */
  writeHistoryWithVerdicts(): void {
    this.#history.writeWithVerdicts();
  }

  /**
   * A part of a round: resolves once the rows that are unwritten now are written. While writes fail it resolves at
   * once, so that rounds go on; the next flush tries again.
   */
  settle(): Promise<readonly SchedulerEvent[]> {
    return this.#failing ? Promise.resolve([]) : this.flush();
  }

  /** Calls during a batch share the next batch. The first of them gets its events. */
  flush(): Promise<readonly SchedulerEvent[]> {
    if (this.#next !== undefined) return this.#next.then(() => []);
    // All results that the event loop delivers in this turn share one script.
    const flush = this.#running.then(endOfTurn).then(() => {
      this.#next = undefined;
      return this.#writeAll();
    });
    this.#next = flush;
    this.#running = flush;
    return flush;
  }

  /** A flush that also writes all history, due or not. */
  flushAtEnd(): Promise<readonly SchedulerEvent[]> {
    this.#history.end();
    return this.flush();
  }

  async #writeAll(): Promise<readonly SchedulerEvent[]> {
    let left = this.book.unwrittenCount;
    let written = 0;
    try {
      while (left > 0) {
        const most = this.#failing ? CATCH_UP_BATCH : BATCH;
        const rows = take(this.#writable(this.book.unwrittenRows()), Math.min(left, most));
        // The other rows wait until this process has a lock of their share again.
        if (rows.length === 0) break;
        await this.#write(rows);
        written += rows.length;
        // After an outage this loop also takes rows that arrive during it. Otherwise it stops at its own rows, or
        // callers would wait for results of others.
        left = this.#failing ? this.book.unwrittenCount : left - rows.length;
      }
    } catch (error) {
      const failure = this.#failure(error);
      this.#failing ||= failure.kind === 'redis.failed';
      return [...this.#history.takeEvents(), failure];
    }
    await this.#writeOverdue();
    const events = this.#history.takeEvents();
    if (!this.#failing || written === 0) return events;
    this.#failing = false;
    return [...events, { kind: 'redis.caught-up', at: this.wall(), what: WRITING_VERDICTS, written }];
  }

  async #writeOverdue(): Promise<void> {
    const overdue = this.#writable(this.#history.overdue());
    try {
      for (let rows = take(overdue, BATCH); rows.length > 0; rows = take(overdue, BATCH)) await this.#write(rows);
    } catch (error) {
      this.#history.failed(error);
    }
  }

  /** A refusal by the lock of a share is no Redis failure: the new holder of the share checks these peers again. */
  #failure(error: unknown): SchedulerEvent {
    const at = this.wall();
    if (error instanceof FencedError && this.shares.divided) return { kind: 'verdicts.fenced', at, rows: error.rows };
    return { kind: 'redis.failed', at, what: WRITING_VERDICTS, reason: this.explain(error) };
  }

  *#writable(rows: Iterable<UnwrittenRow>): Generator<GuardedRow> {
    for (const row of rows) {
      const guard = this.shares.guardOf(row.uuid);
      if (guard !== undefined) yield { row, guard };
    }
  }

  async #write(rows: readonly GuardedRow[]): Promise<void> {
    const writes = rows.map(({ row, guard }): RowWrite => ({ row, tally: this.#history.take(row), guard }));
    let refused: ReadonlyMap<Guard, string>;
    try {
      refused = await this.#sendOrPutBack(writes);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      refused = await this.#writeInsteadOfHistory(writes, error);
    }
    for (const { row, guard } of writes) {
      if (row.unwritten !== 'nothing' && !refused.has(guard)) this.book.acknowledge(row);
    }
    if (refused.size === 0) return;
    this.shares.refused('verdicts', refused.keys());
    const [held = ''] = refused.values();
    throw new FencedError(held, writes.filter(({ guard }) => refused.has(guard)).length);
  }

  async #sendOrPutBack(writes: readonly RowWrite[]): Promise<ReadonlyMap<Guard, string>> {
    let refused: ReadonlyMap<Guard, string>;
    let refusal: string;
    try {
      ({ refused, refusal } = await this.#send(writes));
    } catch (error) {
      this.#history.putBack(writes);
      throw error;
    }
    this.#history.putBack(writes.filter(({ guard }) => refused.has(guard)));
    this.#history.written(
      writes.filter(({ guard }) => !refused.has(guard)),
      refusal,
    );
    return refused;
  }

  async #writeInsteadOfHistory(writes: readonly RowWrite[], error: unknown): Promise<ReadonlyMap<Guard, string>> {
    const verdicts = writes.map(({ row, guard }) => ({ row, tally: undefined, guard }));
    const freed = this.#history.evict(writes, error);
    while ((await freed.next()).done !== true) {
      try {
        return (await this.#send(verdicts)).refused;
      } catch (again) {
        if (!isOutOfMemory(again)) throw again;
      }
    }
    throw error;
  }

  /** Returns why a history could not be written, and for each refused lock the token that it holds. */
  async #send(
    writes: readonly RowWrite[],
  ): Promise<{ readonly refusal: string; readonly refused: ReadonlyMap<Guard, string> }> {
    const locks = locksOf(writes);
    const keys = toKeys(this.keys, writes, locks);
    const args = toArguments(this.keys, this.#history.size, writes, locks, this.checkedBy);
    const [refusal, ...found] = (await runScript(this.redis, WRITE, keys, args)) as [string, ...(string | 1)[]];
    const refused = new Map<Guard, string>();
    for (const [i, lock] of locks.entries()) {
      const held = found[i];
      if (held !== undefined && held !== 1) refused.set(lock, held);
    }
    return { refusal, refused };
  }
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Takes up to `most` of the next items. */
function take<T>(items: Iterator<T>, most: number): T[] {
  const taken: T[] = [];
  while (taken.length < most) {
    const next = items.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /\bOOM\b/.test(error.message);
}
