import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import type { EventOf, SchedulerEvent } from '../events.js';

/** About how many events the stream in Redis keeps. */
const STREAM_LENGTH = 10_000;
/** How many wait in memory while Redis is away; older ones are given up. */
const WAITING = 1_000;
/** How many are written at once. */
const BATCH = 100;

interface Entry {
  readonly type: string;
  readonly at: number;
  readonly data: string;
}

/** Writes what happened to `<p>events`, for other programs and for whoever asks afterwards. */
export class Journal {
  #waiting: Entry[] = [];

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
  ) {}

  accept(event: SchedulerEvent): void {
    const entry = toEntry(event);
    if (entry === undefined) return;
    this.#waiting.push(entry);
    if (this.#waiting.length > WAITING) this.#waiting = this.#waiting.slice(-WAITING);
  }

  /** Rejects where Redis could not confirm the write; then the next call tries again. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH);
      await withTimeout(Promise.all(batch.map((entry) => this.#append(entry))));
      const written = new Set(batch);
      this.#waiting = this.#waiting.filter((entry) => !written.has(entry));
    }
  }

  async #append({ type, at, data }: Entry): Promise<void> {
    await this.redis.xadd(this.keys.events, 'MAXLEN', '~', STREAM_LENGTH, '*', 'type', type, 'at', at, 'data', data);
  }
}

type Told =
  | Exclude<SchedulerEvent, EventOf<'peer.malformed' | 'peer.checked'>>
  | Omit<EventOf<'peer.malformed'>, 'detail' | 'stored' | 'before'>;

/** What is worth keeping: changes, not the routine. A check is an event of its own only where it changed the state. */
function toEntry(event: SchedulerEvent): Entry | undefined {
  switch (event.kind) {
    case 'heartbeat':
    case 'ip.polled':
    case 'round.started':
    case 'peer.discarded':
    case 'redis.failed':
      return undefined;
    case 'round.finished':
      return event.lane === 'regular' ? entryOf(event) : undefined;
    case 'round.skipped':
      return event.lane === 'regular' ? entryOf(event) : undefined;
    case 'peer.checked': {
      const { uuid, at, outcome, before, state } = event.verdict;
      if (state === undefined || state === before) return undefined;
      const error = outcome.ok ? undefined : outcome.reason;
      return { type: `peer.${state}`, at, data: JSON.stringify({ uuid, before, error }) };
    }
    case 'peer.malformed':
      return entryOf({ kind: event.kind, at: event.at, peer: event.peer, uuid: event.uuid, error: event.error });
    default:
      return entryOf(event);
  }
}

function entryOf({ kind, at, ...data }: Told): Entry {
  return { type: kind, at, data: JSON.stringify(data) };
}
