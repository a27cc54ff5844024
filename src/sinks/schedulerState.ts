import type { RedisClient } from '../clients/redis.js';
import { fencedScript, NO_FENCE, runFenced, type Fence } from '../clients/script.js';
import type { Keys } from '../domain/keys.js';
import type { SchedulerEvent } from '../events.js';
import type { Sink } from './sink.js';
import { StateFields, type Fields } from './stateFields.js';

const ACTION = "writing the scheduler's state";

/**
 * KEYS: the hash, then those of the fence. ARGV: the number of fields to set, these as pairs, and the fields to
 * remove.
 */
const WRITE_FIELDS = fencedScript(`
local set = 2 * ARGV[1]
if set > 0 then redis.call('HSET', KEYS[1], unpack(ARGV, 2, 1 + set)) end
if #ARGV > set + 2 then redis.call('HDEL', KEYS[1], unpack(ARGV, 2 + set, #ARGV - 1)) end
return 1
`);

/** Keeps `<p>scheduler` up to date with the events. A field stays dirty until a `flush` has written it. */
export class SchedulerState implements Sink {
  readonly #known = new Map<string, string | number>();
  /** Fields that are not in Redis yet. An undefined value removes the field. */
  readonly #dirty = new Map<string, string | number | undefined>();
  readonly #fields = new StateFields();
  #failing = false;
  #ending = false;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    identity: Fields,
    private readonly wall: () => number,
    private readonly explain: (error: unknown) => string,
    private readonly fence: Fence = NO_FENCE,
    /** Whether replicas share the work. The results of rounds are then sums over all replicas. */
    private readonly divided = false,
  ) {
    this.#setFields({ ...identity, isolated: 0 });
  }

  accept(event: SchedulerEvent): void {
    switch (event.kind) {
      case 'round.started':
      case 'round.finished':
      case 'isolation.began':
      case 'isolation.ended':
        this.#setFields(this.divided ? withoutSums(this.#fields.of(event)) : this.#fields.of(event));
        return;
      case 'replicas.counted':
        this.#setFields({ round_ok: event.ok, round_failed: event.failed, isolated: event.isolated ? 1 : 0 });
        return;
      case 'leader.took':
        this.#setFields({ term: event.term, leader_since: event.at });
        return;
      case 'ip.polled':
        if (event.result === 'ok') this.#setFields({ ip_checked_at: event.at });
        return;
      case 'process.stopping':
        // Removing the heartbeat shows the stop at once. Otherwise readers notice it only after a timeout.
        this.#ending = true;
        this.#known.delete('heartbeat_at');
        this.#dirty.set('heartbeat_at', undefined);
        return;
      case 'heartbeat':
        if (this.#ending) return;
        // All fields are written, because Redis may have lost its data.
        for (const [field, value] of this.#known) this.#dirty.set(field, value);
        this.#setFields({ heartbeat_at: event.at });
        return;
      default:
    }
  }

  get hasUnwritten(): boolean {
    return this.#dirty.size > 0;
  }

  async flush(): Promise<readonly SchedulerEvent[]> {
    if (this.#dirty.size === 0) return [];
    const fields = new Map(this.#dirty);
    try {
      await this.#write([...fields]);
    } catch (error) {
      this.#failing = true;
      return [{ kind: 'redis.failed', at: this.wall(), what: ACTION, reason: this.explain(error) }];
    }
    for (const [field, value] of fields) if (this.#dirty.get(field) === value) this.#dirty.delete(field);
    if (!this.#failing) return [];
    this.#failing = false;
    return [{ kind: 'redis.worked', at: this.wall(), what: ACTION }];
  }

  async #write(fields: readonly (readonly [string, string | number | undefined])[]): Promise<void> {
    const { scheduler, leader } = this.keys;
    const set = fields.flatMap(([field, value]) => (value === undefined ? [] : [field, value]));
    const removed = fields.flatMap(([field, value]) => (value === undefined ? [field] : []));
    const args = [set.length / 2, ...set, ...removed];
    await runFenced(this.redis, WRITE_FIELDS, {
      keys: [scheduler],
      args,
      lease: leader,
      fence: this.fence,
      what: 'scheduler',
    });
  }

  #setFields(fields: Fields): void {
    for (const [field, value] of Object.entries(fields)) {
      this.#known.set(field, value);
      this.#dirty.set(field, value);
    }
  }
}

function withoutSums(fields: Fields): Fields {
  const sums = ['round_ok', 'round_failed', 'isolated'];
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !sums.includes(name)));
}
