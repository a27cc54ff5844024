import { concatMap, defer, EMPTY, from, mergeMap, of, type Observable, type OperatorFunction } from 'rxjs';
import { runScript, script } from '../clients/script.js';
import type { RedisClient } from '../clients/redis.js';
import type { Keys } from '../domain/keys.js';
import type { EventOf, SchedulerEvent, CheckRecord } from '../events.js';

/**
 * KEYS the set, the entry. ARGV uuid, ip and port as called, time, the state ('none' takes it away, '' leaves it), then
 * field/value pairs ('' takes the field away). Writes nothing where the entry was removed, re-addressed or is no hash.
 */
const WRITE = script(`
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 0 then return 0 end
if redis.call('TYPE', KEYS[2]).ok ~= 'hash' then return 0 end
local entry = redis.call('HMGET', KEYS[2], 'ip', 'port', 'state')
if (entry[1] or '') ~= ARGV[2] or (entry[2] or '') ~= ARGV[3] then return 0 end
for i = 6, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[2], ARGV[i]) else redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
if ARGV[5] == 'none' then
  redis.call('HDEL', KEYS[2], 'state', 'state_since')
elseif ARGV[5] ~= '' and entry[3] ~= ARGV[5] then
  redis.call('HSET', KEYS[2], 'state', ARGV[5], 'state_since', ARGV[4])
end
return 1
`);

type PeerRecord = EventOf<'peer.checked'> | EventOf<'peer.malformed'>;

/** How many verdicts are written at once when Redis is back. */
const CATCH_UP = 256;
const WHAT = 'writing verdicts';

/**
 * Writes what the checks found into the registry. While Redis can't be written the verdicts wait in memory, the
 * newest per peer, and the rounds go on.
 */
export class WriteBack {
  readonly #unwritten = new Map<string, PeerRecord>();

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly wall: () => number,
    private readonly explain: (error: unknown) => string,
  ) {}

  /** Verdicts that wait for Redis. */
  get unwritten(): number {
    return this.#unwritten.size;
  }

  /** Stands inside the round: an event goes on once it is written, or kept. */
  readonly write: OperatorFunction<SchedulerEvent, SchedulerEvent> = (event$) =>
    event$.pipe(concatMap((event) => (isPeerRecord(event) ? this.#writeOrKeep(event) : of(event))));

  /** Tries again what waits; says so where all of it is written or where it failed again. */
  flush(): Observable<SchedulerEvent> {
    return defer(() =>
      this.#unwritten.size === 0 ? EMPTY : from(this.#catchUp()).pipe(mergeMap((event) => of(event))),
    );
  }

  #writeOrKeep(event: PeerRecord): Observable<SchedulerEvent> {
    const uuid = uuidOf(event);
    // Once one write has failed the others need not wait for their own timeout: the flush finds out.
    if (this.#unwritten.size > 0) {
      this.#unwritten.set(uuid, event);
      return of(event);
    }
    return defer(async (): Promise<SchedulerEvent[]> => {
      try {
        await this.#store(event);
        return [event];
      } catch (error) {
        this.#unwritten.set(uuid, event);
        return [event, { kind: 'redis.failed', at: this.wall(), what: WHAT, reason: this.explain(error) }];
      }
    }).pipe(mergeMap((events) => from(events)));
  }

  async #catchUp(): Promise<SchedulerEvent> {
    let written = 0;
    try {
      while (this.#unwritten.size > 0) {
        const batch = [...this.#unwritten].slice(0, CATCH_UP);
        await Promise.all(batch.map(([, event]) => this.#store(event)));
        for (const [uuid, event] of batch) if (this.#unwritten.get(uuid) === event) this.#unwritten.delete(uuid);
        written += batch.length;
      }
      return { kind: 'redis.caught-up', at: this.wall(), what: WHAT, written };
    } catch (error) {
      return { kind: 'redis.failed', at: this.wall(), what: WHAT, reason: this.explain(error) };
    }
  }

  async #store(event: PeerRecord): Promise<void> {
    const uuid = uuidOf(event);
    const { called, at, state, fields } = event.kind === 'peer.checked' ? ofVerdict(event.verdict) : ofFault(event);
    await runScript(
      this.redis,
      WRITE,
      [this.keys.consumers, this.keys.consumer(uuid)],
      [uuid, called.ip ?? '', called.port ?? '', at, state ?? '', ...Object.entries(fields).flat()],
    );
  }
}

function isPeerRecord(event: SchedulerEvent): event is PeerRecord {
  return event.kind === 'peer.checked' || (event.kind === 'peer.malformed' && event.peer === 'consumer');
}

function uuidOf(event: PeerRecord): string {
  return event.kind === 'peer.checked' ? event.verdict.uuid : event.uuid;
}

type Fields = Readonly<Record<string, string | number>>;

function ofVerdict({ called, at, outcome, counted, state, failures }: CheckRecord) {
  const error = outcome.ok ? '' : outcome.reason;
  if (!counted) return { called, at, state: undefined, fields: { checked_at: at, error } satisfies Fields };
  const success: Fields = outcome.ok ? { last_ok_at: at, latency_ms: Math.round(outcome.latencyMs) } : {};
  const available = state === 'available' || state === 'suspect' ? 1 : 0;
  return {
    called,
    at,
    state: state ?? ('none' as const),
    fields: { available, failures, checked_at: at, error, ...success } satisfies Fields,
  };
}

function ofFault({ stored, at, error, before }: EventOf<'peer.malformed'>) {
  const fields: Fields = { available: 0, error };
  return { called: stored, at, state: before === undefined ? undefined : ('unavailable' as const), fields };
}
