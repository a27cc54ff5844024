import type { RedisClient } from '../clients/redis.js';
import { runScript, script } from '../clients/script.js';
import type { Keys } from '../domain/keys.js';
import type { SchedulerEvent } from '../events.js';
import { RECENT_RESULTS, type PeerBook, type UnwrittenRow } from '../state/peerBook.js';
import type { Sink } from './sink.js';

/**
 * KEYS the set, then the entries. ARGV for each entry: uuid, ip and port as called, the state ('none' removes it, ''
 * leaves it), since when, the newest results, the number of the fields that follow, and these as pairs ('' removes the
 * field). Writes nothing for an entry that was removed, re-addressed or is no hash.
 */
const WRITE = script(`
local at = 1
for k = 2, #KEYS do
  local uuid, ip, port, state, since, results, last = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], at + 6 + ARGV[at + 6]
  if redis.call('SISMEMBER', KEYS[1], uuid) == 1 and redis.call('TYPE', KEYS[k]).ok == 'hash' then
    local entry = redis.call('HMGET', KEYS[k], 'ip', 'port', 'state', 'recent')
    if (entry[1] or '') == ip and (entry[2] or '') == port then
      local set, removed = {}, {}
      for i = at + 7, last, 2 do
        if ARGV[i + 1] == '' then removed[#removed + 1] = ARGV[i]
        else
          set[#set + 1] = ARGV[i]
          set[#set + 1] = ARGV[i + 1]
        end
      end
      if state == 'none' then
        removed[#removed + 1] = 'state'
        removed[#removed + 1] = 'state_since'
      elseif state ~= '' and entry[3] ~= state then
        for _, value in ipairs({'state', state, 'state_since', since}) do set[#set + 1] = value end
      end
      if results ~= '' then
        set[#set + 1] = 'recent'
        set[#set + 1] = string.sub((entry[4] or '') .. results, -${String(RECENT_RESULTS)})
      end
      redis.call('HSET', KEYS[k], unpack(set))
      if #removed > 0 then redis.call('HDEL', KEYS[k], unpack(removed)) end
    end
  end
  at = last + 1
end
return 1
`);

/** Rows written by one script, during which Redis serves nobody else. */
const BATCH = 64;
const WHAT = 'writing verdicts';

/** Writes the unwritten rows of the book into the registry, in batches, one batch under way at a time. */
export class WriteBack implements Sink {
  /** Set from a write that failed until all that waits is written. */
  #failing = false;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<readonly SchedulerEvent[]> | undefined;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly book: PeerBook,
    private readonly wall: () => number,
    private readonly explain: (error: unknown) => string,
  ) {}

  /** The book has it all. */
  accept(): void {
    return;
  }

  /**
   * Stands inside a round: resolves once what waits now is written. While writes fail nothing is waited for, so that the
   * rounds go on; the next flush tries again.
   */
  settle(): Promise<readonly SchedulerEvent[]> {
    return this.#failing ? Promise.resolve([]) : this.flush();
  }

  /** Callers that come while a batch is under way share the next one; the first of them gets its events. */
  flush(): Promise<readonly SchedulerEvent[]> {
    if (this.#next !== undefined) return this.#next.then(() => []);
    const flush = this.#running.then(() => {
      this.#next = undefined;
      return this.#writeAll();
    });
    this.#next = flush;
    this.#running = flush;
    return flush;
  }

  async #writeAll(): Promise<readonly SchedulerEvent[]> {
    let left = this.book.unwrittenCount;
    let written = 0;
    try {
      while (left > 0) {
        const batch = this.#batch(left);
        await this.#write(batch);
        for (const row of batch) this.book.acknowledge(row);
        written += batch.length;
        // Where it catches up, it also takes what comes meanwhile; else its callers would wait for results of others.
        left = this.#failing ? this.book.unwrittenCount : left - batch.length;
      }
    } catch (error) {
      this.#failing = true;
      return [{ kind: 'redis.failed', at: this.wall(), what: WHAT, reason: this.explain(error) }];
    }
    if (!this.#failing || written === 0) return [];
    this.#failing = false;
    return [{ kind: 'redis.caught-up', at: this.wall(), what: WHAT, written }];
  }

  #batch(most: number): readonly UnwrittenRow[] {
    const batch: UnwrittenRow[] = [];
    for (const row of this.book.unwrittenRows()) {
      batch.push(row);
      if (batch.length === Math.min(most, BATCH)) break;
    }
    return batch;
  }

  async #write(rows: readonly UnwrittenRow[]): Promise<void> {
    const entries = rows.map(({ uuid }) => this.keys.consumer(uuid));
    await runScript(this.redis, WRITE, [this.keys.consumers, ...entries], rows.flatMap(toArguments));
  }
}

function toArguments(row: UnwrittenRow): (string | number)[] {
  const fields = fieldsOf(row);
  const { uuid, ip, port, stateAt, checkedAt, results } = row;
  // A registry that has lost a state which is older than this process gets it with the time of the check.
  return [
    uuid,
    ip ?? '',
    port ?? '',
    stateOf(row),
    stateAt === 0 ? checkedAt : stateAt,
    results,
    fields.length,
    ...fields,
  ];
}

function stateOf({ unwritten, health: { state } }: UnwrittenRow): string {
  if (unwritten === 'check') return '';
  return state ?? (unwritten === 'verdict' ? 'none' : '');
}

function fieldsOf({ unwritten, health, checkedAt, okAt, latencyMs, error }: UnwrittenRow): (string | number)[] {
  const reason = ['error', error ?? ''];
  if (unwritten === 'fault') return ['available', 0, ...reason];
  const checked = ['checked_at', checkedAt, ...reason];
  if (unwritten === 'check') return checked;
  const available = health.state === 'available' || health.state === 'suspect' ? 1 : 0;
  const answered = okAt === 0 ? [] : ['last_ok_at', okAt, 'latency_ms', latencyMs];
  return ['available', available, 'failures', health.failures, ...answered, ...checked];
}
