import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import { latencyCode, latencyOf } from '../domain/history.js';
import { isLineEvidence, type Scope } from '../domain/ip/scope.js';
import type { Keys } from '../domain/keys.js';
import type { Lane } from '../domain/peer/peer.js';
import { NUMBERS, type Sample } from '../domain/sample.js';
import type { SchedulerEvent } from '../events.js';
import type { PeerBook } from '../state/peerBook.js';
import type { Sink } from './sink.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Retention of a sample in the stream. */
const KEPT_MS = 7 * DAY_MS;
/** The same retention as a number of samples, for a Redis that cannot trim by time (before 6.2). */
const KEPT_SAMPLES = KEPT_MS / MINUTE_MS;
/** One day of samples is kept in memory, for reads and later writes while Redis is away. */
const MAX_SAMPLES_IN_MEMORY = 1_440;
const CODES = 256;
/** Freshness covers all peers that are not unavailable. */
const FRESHNESS_LANES: readonly Lane[] = ['regular', 'suspect', 'pending'];

const ACTION = 'writing the series';

/** Takes a sample of this node each minute, timed by the events, and writes it to `<p>series`. */
export class Series implements Sink {
  /** The number of answers in this minute per latency code. */
  readonly #latencies = new Uint32Array(CODES);
  readonly #isolated = new Set<Scope>();
  #wasIsolated = false;
  #answered = 0;
  #failed = 0;
  #roundMs: number | null = null;
  /** Unix minute of the last heartbeat; 0 before the first. */
  #minute = 0;
  #inMemory: Sample[] = [];
  #waiting: Sample[] = [];
  #failing = false;
  #trimsByTime = true;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly book: Pick<PeerBook, 'counts' | 'oldestCheck'>,
    private readonly wall: () => number,
    private readonly explain: (error: unknown) => string,
  ) {}

  accept(event: SchedulerEvent): void {
    switch (event.kind) {
      case 'peer.checked': {
        const { outcome } = event.check;
        if (outcome.ok) this.#answer(outcome.latencyMs);
        else this.#failed += 1;
        return;
      }
      case 'round.finished':
        if (event.lane === 'regular') this.#roundMs = event.tookMs;
        return;
      case 'isolation.began':
        if (isLineEvidence(event.peers)) this.#isolated.add(event.scope);
        this.#wasIsolated ||= this.#isolated.size > 0;
        return;
      case 'isolation.ended':
        this.#isolated.delete(event.scope);
        return;
      case 'heartbeat':
        this.#beat(event.at);
        return;
      default:
    }
  }

  get hasUnwritten(): boolean {
    return this.#waiting.length > 0;
  }

  /** The samples of the last day between two times (Unix milliseconds), read from memory. */
  recent(from: number, to: number): readonly Sample[] {
    return this.#inMemory.filter(({ at }) => at >= from && at <= to);
  }

  async flush(): Promise<readonly SchedulerEvent[]> {
    const events: SchedulerEvent[] = [];
    try {
      for (let [sample] = this.#waiting; sample !== undefined; [sample] = this.#waiting) {
        await this.#append(sample);
        if (this.#failing) events.push({ kind: 'redis.worked', at: this.wall(), what: ACTION });
        this.#failing = false;
        if (this.#waiting[0] === sample) this.#waiting.shift();
      }
      return events;
    } catch (error) {
      this.#failing = true;
      return [...events, { kind: 'redis.failed', at: this.wall(), what: ACTION, reason: this.explain(error) }];
    }
  }

  #answer(latencyMs: number): void {
    const code = latencyCode(latencyMs);
    this.#latencies[code] = (this.#latencies[code] ?? 0) + 1;
    this.#answered += 1;
  }

  #beat(at: number): void {
    const minute = Math.floor(at / MINUTE_MS);
    if (minute === this.#minute) return;
    // Results before the first heartbeat belong to the first complete sample.
    if (this.#minute !== 0) this.#keep(this.#sample(at));
    this.#minute = minute;
  }

  #keep(sample: Sample): void {
    for (const list of [this.#inMemory, this.#waiting]) {
      list.push(sample);
      if (list.length > MAX_SAMPLES_IN_MEMORY) list.shift();
    }
    this.#latencies.fill(0);
    this.#wasIsolated = this.#isolated.size > 0;
    this.#answered = this.#failed = 0;
    this.#roundMs = null;
  }

  #sample(at: number): Sample {
    const { available, suspect, unavailable, pending } = this.book.counts();
    const oldest = this.book.oldestCheck(FRESHNESS_LANES);
    return {
      at,
      round_ms: this.#roundMs,
      p50_ms: this.#percentile(0.5),
      p95_ms: this.#percentile(0.95),
      p99_ms: this.#percentile(0.99),
      available,
      suspect,
      unavailable,
      pending,
      freshness_s: oldest === undefined ? null : Math.max(0, Math.round((at - oldest) / 1_000)),
      isolated: this.#wasIsolated,
      answered: this.#answered,
      failed: this.#failed,
    };
  }

  /** The lowest latency that at least this fraction of the answers did not exceed. */
  #percentile(share: number): number | null {
    if (this.#answered === 0) return null;
    let left = Math.ceil(share * this.#answered);
    const code = this.#latencies.findIndex((count) => (left -= count) <= 0);
    return latencyOf(code) ?? null;
  }

  async #append(sample: Sample): Promise<void> {
    const fields = fieldsOf(sample);
    if (this.#trimsByTime) {
      try {
        const oldest = Math.max(0, this.wall() - KEPT_MS);
        await withTimeout(this.redis.xadd(this.keys.series, 'MINID', '~', oldest, '*', ...fields));
        return;
      } catch (error) {
        if (!isUnknownToServer(error)) throw error;
        this.#trimsByTime = false;
      }
    }
    await withTimeout(this.redis.xadd(this.keys.series, 'MAXLEN', '~', KEPT_SAMPLES, '*', ...fields));
  }
}

/** Unknown values are left out. */
function fieldsOf(sample: Sample): (string | number)[] {
  const numbers = NUMBERS.flatMap((name) => {
    const value = sample[name];
    return value === null ? [] : [name, value];
  });
  return [...numbers, 'isolated', sample.isolated ? 1 : 0];
}

/** Redis before 6.2 takes MINID for the id of the entry. */
function isUnknownToServer(error: unknown): boolean {
  return error instanceof Error && /^ERR (syntax|Invalid stream ID|wrong number)/i.test(error.message);
}
