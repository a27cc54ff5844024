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
/** The number of events per read for a reader that reconnects. */
const PAGE = 100;

/** The journal for its readers: the entries before they connected, and each new one. */
export class EventFeed implements JournalListener {
  readonly #readers = new Set<(entry: FeedEntry) => void>();
  #kept: FeedEntry[] = [];

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
  ) {}

  onEntry({ type, at, data }: Omit<FeedEntry, 'id'>, id: string | undefined): void {
    const entry = { id, type, at, data };
    this.#kept.push(entry);
    if (this.#kept.length > MAX_KEPT) this.#kept = this.#kept.slice(-MAX_KEPT);
    for (const reader of this.#readers) reader(entry);
  }

  /** Calls the reader for each new event, until the returned function is called. */
  follow(reader: (entry: FeedEntry) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
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
        const found = await withTimeout(this.redis.xrange(this.keys.events, idAfter(last), '+', 'COUNT', PAGE));
        yield found.map(toEntry);
        if (found.length < PAGE) return;
        last = found.at(-1)?.[0] ?? last;
      }
    } catch {
      yield this.#keptAfter(last);
    }
  }

  #keptAfter(id: string): readonly FeedEntry[] {
    // The events in memory are in order. Events without an id are newer than all others.
    const later = this.#kept.findIndex((entry) => entry.id === undefined || isAfter(entry.id, id));
    return later === -1 ? [] : this.#kept.slice(later);
  }
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
