import type { RedisClient } from '../clients/redis.js';
import { countOf, fieldsOf, idAfter } from '../clients/replies.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import type { JournalReader } from '../sinks/journal.js';

/** An event as a reader gets it. */
export interface FeedEntry {
  /** Its id in `<p>events`; undefined where it has none yet. */
  readonly id: string | undefined;
  readonly type: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** JSON. */
  readonly data: string;
}

/** How many are kept for readers that come while Redis is away. */
const KEPT = 1_000;
/** How many are read at once. */
const PAGE = 100;
/** Other schedulers of this registry write to the stream as well, and say nothing of it here. */
const POLL_MS = 1_000;
const BEGINNING = '0-0';

/**
 * The journal for its readers: the entries before they connected, and each new one. While somebody reads, the stream itself
 * is followed, whoever writes to it; while Redis is away, what this process has to write.
 */
export class EventFeed implements JournalReader {
  readonly #readers = new Set<(entry: FeedEntry) => void>();
  #kept: FeedEntry[] = [];
  /** What readers got before it was in the stream. */
  readonly #early = new Set<string>();
  /** Up to which entry the stream is read; undefined while nobody reads. */
  #last: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly wall: () => number,
  ) {}

  read({ type, at, data }: Omit<FeedEntry, 'id'>, id: string | undefined): void {
    const entry = { id, type, at, data };
    if (id === undefined) this.#passEarly(entry);
    else if (this.#readers.size > 0) this.#look();
    else this.#keep(entry);
  }

  /** Calls the reader for each event from now on, until the function returned is called. */
  follow(reader: (entry: FeedEntry) => void): () => void {
    this.#readers.add(reader);
    this.#timer ??= setInterval(() => {
      this.#look();
    }, POLL_MS);
    this.#look();
    return () => {
      this.#readers.delete(reader);
      if (this.#readers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = this.#last = undefined;
    };
  }

  /** The newest so many, the oldest of them first; from memory where Redis does not answer. */
  async last(count: number): Promise<readonly FeedEntry[]> {
    try {
      const found = await withTimeout(this.redis.xrevrange(this.keys.events, '+', '-', 'COUNT', String(count)));
      return found.reverse().map(toEntry);
    } catch {
      return this.#kept.slice(-count);
    }
  }

  /** All those after the one with this id in pages, the oldest first; from memory where Redis does not answer. */
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

  #look(): void {
    this.#lookAgain = this.#looking;
    if (this.#looking) return;
    this.#looking = true;
    void this.#readOn().finally(() => {
      this.#looking = false;
      if (this.#lookAgain) this.#look();
    });
  }

  /** Passes on what has come to the stream since the last look. Where Redis does not answer, the next one does. */
  async #readOn(): Promise<void> {
    let last = this.#last ?? (await this.#newestId());
    try {
      for (let more = true; more && this.#readers.size > 0;) {
        const page = await this.#pageAfter(last);
        for (const entry of page) if (!this.#early.has(contentOf(entry))) this.#pass(entry);
        last = page.at(-1)?.id ?? last;
        more = page.length === PAGE;
      }
    } catch {
      // Readers get what this process has to write meanwhile without an id.
    }
    this.#last = this.#readers.size > 0 ? last : undefined;
  }

  /** The id of the newest entry; where Redis does not answer, one of now, since nothing is written meanwhile. */
  async #newestId(): Promise<string> {
    const now = `${String(this.wall())}-0`;
    try {
      const [newest] = await withTimeout(this.redis.xrevrange(this.keys.events, '+', '-', 'COUNT', 1));
      return newest?.[0] ?? BEGINNING;
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
    if (this.#early.size > KEPT && oldest !== undefined) this.#early.delete(oldest);
    this.#pass(entry);
  }

  #pass(entry: FeedEntry): void {
    this.#keep(entry);
    for (const reader of this.#readers) reader(entry);
  }

  #keep(entry: FeedEntry): void {
    this.#kept.push(entry);
    if (this.#kept.length > KEPT) this.#kept = this.#kept.slice(-KEPT);
  }

  #keptAfter(id: string): readonly FeedEntry[] {
    // What is kept is in order; what has no id yet came after all that have one.
    const later = this.#kept.findIndex((entry) => entry.id === undefined || isAfter(entry.id, id));
    return later === -1 ? [] : this.#kept.slice(later);
  }
}

/** What an entry says: that which it is told apart by before it has an id. */
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

/** Whether an id of the stream comes after another one. */
export function isAfter(id: string, other: string): boolean {
  const [ms = '', n = ''] = id.split('-');
  const [otherMs = '', otherN = ''] = other.split('-');
  return Number(ms) > Number(otherMs) || (Number(ms) === Number(otherMs) && Number(n) > Number(otherN));
}
