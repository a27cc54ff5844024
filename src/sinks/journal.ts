import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import type { SchedulerEvent } from '../events.js';
import { toEntries, type Entry } from './journalEntries.js';
import type { Sink } from './sink.js';
import { Transitions } from './transitions.js';

/** Approximate number of events that the stream in Redis keeps. */
const STREAM_LENGTH = 10_000;
/** Maximum number of events in memory while Redis is away. The oldest are dropped. */
const MAX_WAITING = 1_000;
/** The number of events per write. */
const BATCH = 100;
/**
 * Rate limit of events about single peers: a burst of this size, plus one per refill interval, so that they never
 * displace other events.
 */
const BURST = 500;
const REFILL_MS = 10_000;
/** The period over which excess events are counted before one event reports their number. */
const FOLD_MS = 60_000;

const ACTION = 'writing the events';

/** Receives the events as they come. */
export interface JournalListener {
  /** Called once per event: with its id in the stream, or without an id if Redis did not accept it at once. */
  onEntry(entry: Pick<Entry, 'type' | 'at' | 'data'>, id: string | undefined): void;
}

/** Writes changes and faults to `<p>events`, for other programs and for later analysis. */
export class Journal implements Sink {
  readonly #conditions = new Transitions();
  readonly #folded = new Map<string, number>();
  readonly #sentWithoutId = new WeakSet<Entry>();
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
    private readonly listener: JournalListener = { onEntry: () => undefined },
    /** The replica that writes the entry, if there are several. */
    private readonly replica?: string,
  ) {}

  accept(event: SchedulerEvent): void {
    for (const found of toEntries(event, this.#conditions)) {
      const entry = this.replica === undefined ? found : { ...found, data: withReplica(found.data, this.replica) };
      if (!entry.ofOnePeer || this.#spend(entry.at)) this.#push(entry);
      else this.#fold(entry);
    }
  }

  get hasUnwritten(): boolean {
    return this.#waiting.length > 0 || this.#foldIsOver();
  }

  async flush(): Promise<readonly SchedulerEvent[]> {
    if (this.#foldIsOver()) this.#pushFolded();
    const events: SchedulerEvent[] = [];
    try {
      while (this.#waiting.length > 0) {
        // After a failure, one entry tests whether Redis works again.
        const batch = this.#waiting.slice(0, this.#failing ? 1 : BATCH);
        await withTimeout(Promise.all(batch.map((entry) => this.#append(entry))));
        if (this.#failing) events.push({ kind: 'redis.worked', at: this.wall(), what: ACTION });
        this.#failing = false;
        const written = new Set(batch);
        this.#waiting = this.#waiting.filter((entry) => !written.has(entry));
      }
      return events;
    } catch (error) {
      this.#failing = true;
      for (const entry of this.#waiting) this.#sendWithoutId(entry);
      return [...events, { kind: 'redis.failed', at: this.wall(), what: ACTION, reason: this.explain(error) }];
    }
  }

  #push(entry: Entry): void {
    this.#waiting.push(entry);
    if (this.#failing) this.#sendWithoutId(entry);
    if (this.#waiting.length > MAX_WAITING) this.#waiting = this.#waiting.slice(-MAX_WAITING);
  }

  /** A token bucket, timed by the events. */
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

  #sendWithoutId(entry: Entry): void {
    if (this.#sentWithoutId.has(entry)) return;
    this.#sentWithoutId.add(entry);
    this.listener.onEntry(entry, undefined);
  }

  async #append(entry: Entry): Promise<void> {
    const fields = ['type', entry.type, 'at', entry.at, 'data', entry.data];
    const id = await this.redis.xadd(this.keys.events, 'MAXLEN', '~', STREAM_LENGTH, '*', ...fields);
    if (!this.#sentWithoutId.has(entry)) this.listener.onEntry(entry, id ?? undefined);
  }
}

function withReplica(data: string, replica: string): string {
  return JSON.stringify({ ...(JSON.parse(data) as object), replica });
}
