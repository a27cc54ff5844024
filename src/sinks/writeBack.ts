import type { RedisClient } from '../clients/redis.js';
import { NO_FENCE, runFenced, type Fence } from '../clients/script.js';
import type { HistorySize } from '../domain/history.js';
import type { Keys } from '../domain/keys.js';
import type { SchedulerEvent } from '../events.js';
import type { PeerBook, UnwrittenRow } from '../state/peerBook.js';
import { HistoryKeeper } from './historyKeeper.js';
import type { Sink } from './sink.js';
import { toArguments, toKeys, WRITE, type RowWrite } from './verdictScript.js';

/** Rows written by one script, during which Redis serves nobody else. */
const BATCH = 64;
/** What the events of a write call it. */
export const WRITING_VERDICTS = 'writing verdicts';

const NO_HISTORY: HistorySize = { hours: 0, days: 0 };

/**
 * Writes the unwritten rows of the book into the registry, in batches, one batch under way at a time. The history of a
 * consumer goes along with its verdict, once in a few minutes.
 */
export class WriteBack implements Sink {
  /** Set from a write that failed until all that waits is written. */
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
    private readonly fence: Fence = NO_FENCE,
  ) {
    this.#history = new HistoryKeeper(redis, keys, book, wall, explain, history);
  }

  /** The book has it all. */
  accept(event: SchedulerEvent): void {
    if (event.kind === 'process.stopping') this.#history.end();
  }

  get waits(): boolean {
    return this.book.unwrittenCount > 0 || this.#failing || this.#history.isLookDue;
  }

  /** What is kept from now on; a history that is longer is cut with its next write. */
  keepHistory(size: HistorySize): void {
    this.#history.size = size;
  }

  /** From now on a history is written together with each verdict. */
  writeHistoryAtOnce(): void {
    this.#history.atOnce();
  }

  /**
   * Stands inside a round: resolves once what waits now is written. While writes fail nothing is waited for, so that the
   * rounds go on; the next flush tries again.
   */
  settle(): Promise<readonly SchedulerEvent[]> {
    return this.#failing ? Promise.resolve([]) : this.flush();
  }

  /** Callers that come while a batch is under way share the next one; the first of them gets its events. */
  flush(): Promise<readonly SchedulerEvent[]> {
    if (this.#next !== undefined) return this.#next.then(() => []);
    const flush = this.#running.then(() => {
      this.#next = undefined;
      return this.#writeAll();
    });
    this.#next = flush;
    this.#running = flush;
    return flush;
  }

  /** A flush after which no history waits for its turn. */
  flushAtEnd(): Promise<readonly SchedulerEvent[]> {
    this.#history.end();
    return this.flush();
  }

  async #writeAll(): Promise<readonly SchedulerEvent[]> {
    let left = this.book.unwrittenCount;
    let written = 0;
    try {
      while (left > 0) {
        const rows = take(this.book.unwrittenRows(), Math.min(left, BATCH));
        await this.#write(rows);
        written += rows.length;
        // Where it catches up, it also takes what comes meanwhile; else its callers would wait for results of others.
        left = this.#failing ? this.book.unwrittenCount : left - rows.length;
      }
    } catch (error) {
      this.#failing = true;
      const failed: SchedulerEvent = {
        kind: 'redis.failed',
        at: this.wall(),
        what: WRITING_VERDICTS,
        reason: this.explain(error),
      };
      return [...this.#history.takeEvents(), failed];
    }
    await this.#writeOverdue();
    const told = this.#history.takeEvents();
    if (!this.#failing || written === 0) return told;
    this.#failing = false;
    return [...told, { kind: 'redis.caught-up', at: this.wall(), what: WRITING_VERDICTS, written }];
  }

  async #writeOverdue(): Promise<void> {
    const overdue = this.#history.overdue();
    try {
      for (let rows = take(overdue, BATCH); rows.length > 0; rows = take(overdue, BATCH)) await this.#write(rows);
    } catch (error) {
      this.#history.failed(error);
    }
  }

  async #write(rows: readonly UnwrittenRow[]): Promise<void> {
    const writes = rows.map((row) => ({ row, tally: this.#history.take(row) }));
    try {
      this.#history.written(writes, await this.#send(writes));
    } catch (error) {
      this.#history.putBack(writes);
      if (!isOutOfMemory(error)) throw error;
      await this.#writeInsteadOfHistory(writes, error);
    }
    for (const row of rows) if (row.unwritten !== 'nothing') this.book.acknowledge(row);
  }

  async #writeInsteadOfHistory(writes: readonly RowWrite[], error: unknown): Promise<void> {
    const verdicts = writes.map(({ row }) => ({ row, tally: undefined }));
    const room = this.#history.giveUp(writes, error);
    while ((await room.next()).done !== true) {
      try {
        await this.#send(verdicts);
        return;
      } catch (again) {
        if (!isOutOfMemory(again)) throw again;
      }
    }
    throw error;
  }

  async #send(writes: readonly RowWrite[]): Promise<string> {
    const args = toArguments(this.#history.size, writes);
    const call = {
      keys: toKeys(this.keys, writes),
      args,
      lease: this.keys.leader,
      fence: this.fence,
      what: 'verdicts',
    };
    return String(await runFenced(this.redis, WRITE, call));
  }
}

/** Up to so many of the next ones. */
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
