import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import type { Scope } from '../domain/ip/scope.js';
import type { EventOf, SchedulerEvent } from '../events.js';
import type { Sink } from './sink.js';

type Fields = Readonly<Record<string, string | number>>;

const WHAT = "writing the scheduler's state";

/** Keeps `<p>scheduler` true: what the events said last, written by `flush`, kept until it is. */
export class SchedulerState implements Sink {
  readonly #known = new Map<string, string | number>();
  /** What Redis has not got yet; undefined is to be removed there. */
  readonly #dirty = new Map<string, string | number | undefined>();
  readonly #isolated = new Set<Scope>();
  #failing = false;
  #ending = false;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    identity: { readonly uuid: string; readonly version: string },
    private readonly wall: () => number,
    private readonly explain: (error: unknown) => string,
  ) {
    this.#note({ ...identity, isolated: 0 });
  }

  accept(event: SchedulerEvent): void {
    switch (event.kind) {
      case 'round.started':
        if (event.lane === 'regular') this.#note({ round: event.round, round_started_at: event.at });
        return;
      case 'round.finished':
        if (event.lane === 'regular') {
          this.#note({ round_finished_at: event.at, round_ok: event.ok, round_failed: notAnswered(event) });
        }
        return;
      case 'isolation.began':
        // One peer alone says nothing of a line.
        if (event.peers >= 2) this.#isolated.add(event.scope);
        this.#note({ isolated: this.#isolated.size > 0 ? 1 : 0 });
        return;
      case 'isolation.ended':
        this.#isolated.delete(event.scope);
        this.#note({ isolated: this.#isolated.size > 0 ? 1 : 0 });
        return;
      case 'ip.polled':
        if (event.result === 'ok') this.#note({ ip_checked_at: event.at });
        return;
      case 'process.stopping':
        // Without a heart beat it is known at once that nobody runs, and not only after a silence.
        this.#ending = true;
        this.#known.delete('heartbeat_at');
        this.#dirty.set('heartbeat_at', undefined);
        return;
      case 'heartbeat':
        if (this.#ending) return;
        // All of it: Redis may have lost its data.
        for (const [field, value] of this.#known) this.#dirty.set(field, value);
        this.#note({ heartbeat_at: event.at });
        return;
      default:
    }
  }

  get waits(): boolean {
    return this.#dirty.size > 0;
  }

  async flush(): Promise<readonly SchedulerEvent[]> {
    if (this.#dirty.size === 0) return [];
    const fields = new Map(this.#dirty);
    try {
      await withTimeout(this.#write([...fields]));
    } catch (error) {
      this.#failing = true;
      return [{ kind: 'redis.failed', at: this.wall(), what: WHAT, reason: this.explain(error) }];
    }
    for (const [field, value] of fields) if (this.#dirty.get(field) === value) this.#dirty.delete(field);
    if (!this.#failing) return [];
    this.#failing = false;
    return [{ kind: 'redis.worked', at: this.wall(), what: WHAT }];
  }

  async #write(fields: readonly (readonly [string, string | number | undefined])[]): Promise<void> {
    const { scheduler } = this.keys;
    const set = fields.flatMap(([field, value]) => (value === undefined ? [] : [field, value]));
    const removed = fields.flatMap(([field, value]) => (value === undefined ? [field] : []));
    await Promise.all([
      set.length > 0 && this.redis.hset(scheduler, ...set),
      removed.length > 0 && this.redis.hdel(scheduler, ...removed),
    ]);
  }

  #note(fields: Fields): void {
    for (const [field, value] of Object.entries(fields)) {
      this.#known.set(field, value);
      this.#dirty.set(field, value);
    }
  }
}

/** All that could be called and did not answer: those that failed in the round, and those that are checked apart. */
function notAnswered({ failed, peers }: EventOf<'round.finished'>): number {
  return failed + (peers === undefined ? 0 : peers.unavailable);
}
