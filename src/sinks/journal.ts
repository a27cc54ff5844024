import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import type { SchedulerEvent } from '../events.js';
import { toEntries, type Entry } from './journalEntries.js';
import type { Sink } from './sink.js';
import { Transitions } from './transitions.js';

/** About how many events the stream in Redis keeps. */
const STREAM_LENGTH = 10_000;
/** How many wait in memory while Redis is away; older ones are given up. */
const WAITING = 1_000;
/** How many are written at once. */
const BATCH = 100;
/** Events about single peers: so many at once, and one more each few seconds, so that they never push the rest out. */
const BURST = 500;
const REFILL_MS = 10_000;
/** How long events that were too many are counted before one event tells their number. */
const FOLD_MS = 60_000;

const WHAT = 'writing the events';

/** A follower of the events as they come. */
export interface JournalReader {
  /** Called once for each event: with its id in the stream, or without one where Redis did not take it at once. */
  read(entry: Pick<Entry, 'type' | 'at' | 'data'>, id: string | undefined): void;
}

/** Writes what changed and what failed to `<p>events`, for other programs and for later questions. */
export class Journal implements Sink {
  readonly #conditions = new Transitions();
  readonly #folded = new Map<string, number>();
  readonly #readEarly = new WeakSet<Entry>();
  #waiting: Entry[] = [];
  #failing = false;
  #tokens = BURST;
  #refilledAt = 0;
  #foldedSince = 0;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly wall: () => number,
    private readonly explain: (error: unknown) => string,
    private readonly reader: JournalReader = { read: () => undefined },
    /** The replica that writes the entry, where several do. */
    private readonly replica?: string,
  ) {}

  accept(event: SchedulerEvent): void {
    for (const found of toEntries(event, this.#conditions)) {
      const entry = this.replica === undefined ? found : { ...found, data: withReplica(found.data, this.replica) };
      if (!entry.ofOnePeer || this.#spend(entry.at)) this.#push(entry);
      else this.#fold(entry);
    }
  }

  get waits(): boolean {
    return this.#waiting.length > 0 || this.#foldIsOver();
  }

  async flush(): Promise<readonly SchedulerEvent[]> {
    if (this.#foldIsOver()) this.#pushFolded();
    const events: SchedulerEvent[] = [];
    try {
      while (this.#waiting.length > 0) {
        // Where it failed before, one finds out whether it works again.
        await this.#write(this.#waiting.slice(0, this.#failing ? 1 : BATCH));
        if (this.#failing) events.push({ kind: 'redis.worked', at: this.wall(), what: WHAT });
        this.#failing = false;
      }
      return events;
    } catch (error) {
      this.#failing = true;
      for (const entry of this.#waiting) this.#readWithoutId(entry);
      return [...events, { kind: 'redis.failed', at: this.wall(), what: WHAT, reason: this.explain(error) }];
    }
  }

  /** Whatever of it is confirmed waits no more, though the rest fails. */
  async #write(batch: readonly Entry[]): Promise<void> {
    const written = new Set<Entry>();
    const append = async (entry: Entry): Promise<void> => {
      await this.#append(entry);
      written.add(entry);
    };
    try {
      const results = await withTimeout(Promise.allSettled(batch.map(append)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    } finally {
      this.#waiting = this.#waiting.filter((entry) => !written.has(entry));
    }
  }

  #push(entry: Entry): void {
    this.#waiting.push(entry);
    if (this.#failing) this.#readWithoutId(entry);
    if (this.#waiting.length > WAITING) this.#waiting = this.#waiting.slice(-WAITING);
  }

  /** A token bucket by the times of the events. */
  #spend(at: number): boolean {
    const refilled = Math.floor((at - this.#refilledAt) / REFILL_MS);
    if (refilled > 0) {
      this.#tokens = Math.min(BURST, this.#tokens + refilled);
      this.#refilledAt = at;
    }
    if (this.#tokens === 0) return false;
    this.#tokens -= 1;
    return true;
  }

  #fold({ type, at }: Entry): void {
    if (this.#folded.size === 0) this.#foldedSince = at;
    this.#folded.set(type, (this.#folded.get(type) ?? 0) + 1);
  }

  #foldIsOver(): boolean {
    return this.#folded.size > 0 && this.wall() - this.#foldedSince >= FOLD_MS;
  }

  #pushFolded(): void {
    const data = JSON.stringify({ since: this.#foldedSince, counts: Object.fromEntries(this.#folded) });
    this.#folded.clear();
    this.#push({ type: 'events.folded', at: this.wall(), data, ofOnePeer: false });
  }

  #readWithoutId(entry: Entry): void {
    if (this.#readEarly.has(entry)) return;
    this.#readEarly.add(entry);
    this.reader.read(entry, undefined);
  }

  async #append(entry: Entry): Promise<void> {
    const fields = ['type', entry.type, 'at', entry.at, 'data', entry.data];
    const id = await this.redis.xadd(this.keys.events, 'MAXLEN', '~', STREAM_LENGTH, '*', ...fields);
    if (!this.#readEarly.has(entry)) this.reader.read(entry, id ?? undefined);
  }
}

function withReplica(data: string, replica: string): string {
  return JSON.stringify({ ...(JSON.parse(data) as object), replica });
}
