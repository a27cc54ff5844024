import type { RedisClient } from '../clients/redis.js';
import { isOfAnotherType } from '../clients/replies.js';
import { setAside } from '../clients/setAside.js';
import { fencedScript, NO_FENCE, runFenced, type Fence } from '../clients/script.js';
import type { Keys } from '../domain/keys.js';
import type { SchedulerEvent } from '../events.js';
import type { Sink } from './sink.js';
import { StateFields, type Fields } from './stateFields.js';

const WHAT = "writing the scheduler's state";

/** KEYS the hash, then the fence's. ARGV how many fields are set, these as pairs, and those that are removed. */
const NOTE = fencedScript(`
local set = 2 * ARGV[1]
if set > 0 then redis.call('HSET', KEYS[1], unpack(ARGV, 2, 1 + set)) end
if #ARGV > set + 2 then redis.call('HDEL', KEYS[1], unpack(ARGV, 2 + set, #ARGV - 1)) end
return 1
`);

/** KEYS the hash, then the fence's. Takes away what is no hash, and returns its name. */
const TAKE_AWAY = fencedScript(`
local found = redis.call('TYPE', KEYS[1]).ok
if found == 'hash' or found == 'none' then return {} end
redis.call('DEL', KEYS[1])
return {KEYS[1]}
`);

/** Keeps `<p>scheduler` true: what the events said last, written by `flush`, kept until it is. */
export class SchedulerState implements Sink {
  readonly #known = new Map<string, string | number>();
  /** What Redis has not got yet; undefined is to be removed there. */
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
    /** Whether others check as well: then what the rounds came to is a sum over all. */
    private readonly divided = false,
  ) {
    this.#note({ ...identity, isolated: 0 });
  }

  accept(event: SchedulerEvent): void {
    switch (event.kind) {
      case 'round.started':
      case 'round.finished':
      case 'isolation.began':
      case 'isolation.ended':
        this.#note(this.divided ? withoutSums(this.#fields.of(event)) : this.#fields.of(event));
        return;
      case 'replicas.counted':
        this.#note({ round_ok: event.ok, round_failed: event.failed, isolated: event.isolated ? 1 : 0 });
        return;
      case 'leader.took':
        this.#note({ term: event.term, leader_since: event.at });
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
      await this.#write([...fields]);
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
    const { scheduler, leader } = this.keys;
    const set = fields.flatMap(([field, value]) => (value === undefined ? [] : [field, value]));
    const removed = fields.flatMap(([field, value]) => (value === undefined ? [field] : []));
    const args = [set.length / 2, ...set, ...removed];
    const fenced = { keys: [scheduler], lease: leader, fence: this.fence, what: 'scheduler' };
    try {
      await runFenced(this.redis, NOTE, { ...fenced, args });
    } catch (error) {
      if (!isOfAnotherType(error)) throw error;
      const taken = await runFenced(this.redis, TAKE_AWAY, { ...fenced, args: [] });
      throw setAside(taken as readonly string[]) ?? error;
    }
  }

  #note(fields: Fields): void {
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
