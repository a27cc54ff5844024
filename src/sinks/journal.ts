import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import type { EventOf, SchedulerEvent } from '../events.js';
import type { Sink } from './sink.js';

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

/** Writes what happened to `<p>events`, for other programs and for later questions. */
export class Journal implements Sink {
  #waiting: Entry[] = [];

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly wall: () => number,
    private readonly explain: (error: unknown) => string,
  ) {}

  accept(event: SchedulerEvent): void {
    const entry = toEntry(event);
    if (entry === undefined) return;
    this.#waiting.push(entry);
    if (this.#waiting.length > WAITING) this.#waiting = this.#waiting.slice(-WAITING);
  }

  async flush(): Promise<readonly SchedulerEvent[]> {
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.slice(0, BATCH);
        await withTimeout(Promise.all(batch.map((entry) => this.#append(entry))));
        const written = new Set(batch);
        this.#waiting = this.#waiting.filter((entry) => !written.has(entry));
      }
      return [];
    } catch (error) {
      return [{ kind: 'redis.failed', at: this.wall(), what: 'writing the events', reason: this.explain(error) }];
    }
  }

  async #append({ type, at, data }: Entry): Promise<void> {
    await this.redis.xadd(this.keys.events, 'MAXLEN', '~', STREAM_LENGTH, '*', 'type', type, 'at', at, 'data', data);
  }
}

type Kept =
  Exclude<SchedulerEvent, EventOf<'peer.malformed' | 'peer.checked'>> | Omit<EventOf<'peer.malformed'>, 'detail'>;

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
      const { uuid, at, outcome, before, state } = event.check;
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

function entryOf({ kind, at, ...data }: Kept): Entry {
  return { type: kind, at, data: JSON.stringify(data) };
}
