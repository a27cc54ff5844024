import type { RedisClient } from '../clients/redis.js';
import { countOf, fieldsOf, idAfter } from '../clients/replies.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import type { JournalListener } from '../sinks/journal.js';

/** An event as sent to a reader. */
export interface FeedEntry {
  /** The id in `<p>events`; undefined if it has none yet. */
  readonly id: string | undefined;
  readonly type: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** JSON. */
  readonly data: string;
}

/** The number of events kept for readers that connect while Redis is away. */
const MAX_KEPT = 1_000;
/** The number of events per read. */
const PAGE = 100;
/** The time between two reads of the stream, for what other schedulers write. */
const POLL_MS = 1_000;
const FIRST_ID = '0-0';

/**
 * The journal for its readers: the entries before they connected, and each new one. While there are readers, the stream
 * itself is read, because other schedulers write to it too. While Redis is away, readers get the entries of this process.
 */
export class EventFeed implements JournalListener {
  readonly #readers = new Set<(entry: FeedEntry) => void>();
  #kept: FeedEntry[] = [];
  /** The content of entries that readers got before they were in the stream. */
  readonly #early = new Set<string>();
  /** The id of the last entry read from the stream; undefined while there are no readers. */
  #last: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #polling = false;
  #pollAgain = false;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly wall: () => number,
  ) {}

  onEntry({ type, at, data }: Omit<FeedEntry, 'id'>, id: string | undefined): void {
    const entry = { id, type, at, data };
    if (id === undefined) this.#passEarly(entry);
    else if (this.#readers.size > 0) this.#poll();
    else this.#keep(entry);
  }

  /** Calls the reader for each new event, until the returned function is called. */
  follow(reader: (entry: FeedEntry) => void): () => void {
    this.#readers.add(reader);
    this.#timer ??= setInterval(() => {
      this.#poll();
    }, POLL_MS);
    this.#poll();
    return () => {
      this.#readers.delete(reader);
      if (this.#readers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = this.#last = undefined;
    };
  }

  /** The newest `count` events, oldest first; from memory if Redis does not answer. */
  async last(count: number): Promise<readonly FeedEntry[]> {
    try {
      const found = await withTimeout(this.redis.xrevrange(this.keys.events, '+', '-', 'COUNT', String(count)));
      return found.reverse().map(toEntry);
    } catch {
      return this.#kept.slice(-count);
    }
  }

  /** All events after this id in pages, oldest first; from memory if Redis does not answer. */
  async *after(id: string): AsyncGenerator<readonly FeedEntry[]> {
    let last = id;
    try {
      for (;;) {
        const found = await this.#pageAfter(last);
        yield found;
        if (found.length < PAGE) return;
        last = found.at(-1)?.id ?? last;
      }
    } catch {
      yield this.#keptAfter(last);
    }
  }

  #poll(): void {
    this.#pollAgain = this.#polling;
    if (this.#polling) return;
    this.#polling = true;
    void this.#readNew().finally(() => {
      this.#polling = false;
      if (this.#pollAgain) this.#poll();
    });
  }

  /** Sends the new entries of the stream to the readers. If Redis does not answer, the next poll sends them. */
  async #readNew(): Promise<void> {
    let last = this.#last ?? (await this.#newestId());
    try {
      for (let more = true; more && this.#readers.size > 0;) {
        const page = await this.#pageAfter(last);
        for (const entry of page) if (!this.#early.has(contentOf(entry))) this.#pass(entry);
        last = page.at(-1)?.id ?? last;
        more = page.length === PAGE;
      }
    } catch {
      // Meanwhile readers get the entries of this process, without an id.
    }
    this.#last = this.#readers.size > 0 ? last : undefined;
  }

  /** The id of the newest entry. While Redis is away, an id of now: no entry can be written until it is back. */
  async #newestId(): Promise<string> {
    const now = `${String(this.wall())}-0`;
    try {
      const [newest] = await withTimeout(this.redis.xrevrange(this.keys.events, '+', '-', 'COUNT', 1));
      return newest?.[0] ?? FIRST_ID;
    } catch {
      return now;
    }
  }

  async #pageAfter(id: string): Promise<readonly FeedEntry[]> {
    const found = await withTimeout(this.redis.xrange(this.keys.events, idAfter(id), '+', 'COUNT', PAGE));
    return found.map(toEntry);
  }

  #passEarly(entry: FeedEntry): void {
    this.#early.add(contentOf(entry));
    const [oldest] = this.#early;
    if (this.#early.size > MAX_KEPT && oldest !== undefined) this.#early.delete(oldest);
    this.#pass(entry);
  }

  #pass(entry: FeedEntry): void {
    this.#keep(entry);
    for (const reader of this.#readers) reader(entry);
  }

  #keep(entry: FeedEntry): void {
    this.#kept.push(entry);
    if (this.#kept.length > MAX_KEPT) this.#kept = this.#kept.slice(-MAX_KEPT);
  }

  #keptAfter(id: string): readonly FeedEntry[] {
    // The events in memory are in order. Events without an id are newer than all others.
    const later = this.#kept.findIndex((entry) => entry.id === undefined || isAfter(entry.id, id));
    return later === -1 ? [] : this.#kept.slice(later);
  }
}

/** The content of an entry, by which it is recognized before it has an id. */
export function contentOf({ type, at, data }: FeedEntry): string {
  return JSON.stringify([type, at, data]);
}

function toEntry([id, list]: readonly [string, readonly string[]]): FeedEntry {
  const fields = fieldsOf(list);
  return {
    id,
    type: fields.get('type') ?? '',
    at: countOf(fields.get('at')) ?? Number(id.split('-', 1)[0]),
    data: fields.get('data') ?? '{}',
  };
}

/** Whether one stream id comes after another. */
export function isAfter(id: string, other: string): boolean {
  const [ms = '', n = ''] = id.split('-');
  const [otherMs = '', otherN = ''] = other.split('-');
  return Number(ms) > Number(otherMs) || (Number(ms) === Number(otherMs) && Number(n) > Number(otherN));
}
