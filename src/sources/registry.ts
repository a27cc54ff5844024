import type { RedisClient } from '../clients/redis.js';
import { countOf } from '../clients/replies.js';
import { runScript, script } from '../clients/script.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import type { PeerState, RegistryEntry } from '../domain/peer/peer.js';

/** Members per read: a small page does not block Redis for long, and a large one saves round trips. */
const PAGE = 64;
const FIELDS = [
  'ip',
  'port',
  'state',
  'failures',
  'checked_at',
  'error',
  'state_since',
  'last_ok_at',
  'latency_ms',
  'last_seen',
] as const;
const STATES: readonly string[] = ['available', 'suspect', 'unavailable'] satisfies PeerState[];

type Fields = readonly (string | null)[];

/**
 * KEYS: the set and the entries. ARGV: 1 if only members of the set are wanted, else 0; then the UUIDs. Returns the
 * fields of each entry: nil if it is no longer registered, and no fields for a key that is no hash, which then
 * counts as an entry without an address. One script per page costs a fifth of one command per entry.
 */
const READ = script(`
local found = {}
for k = 2, #KEYS do
  local fields = false
  if ARGV[1] == '0' or redis.call('SISMEMBER', KEYS[1], ARGV[k]) == 1 then
    fields = redis.pcall('HMGET', KEYS[k], ${FIELDS.map((name) => `'${name}'`).join(', ')})
    if fields.err then
      if not string.find(fields.err, 'WRONGTYPE', 1, true) then return fields end
      fields = {}
    end
  end
  found[k - 1] = fields
end
return found
`);

/**
 * The consumers in the registry, read in pages. The cost grows with their number, not with the size of the database.
 * Texts are latin1, one character per byte, so that a write-back finds the same bytes again.
 */
export class RegistrySource {
  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
  ) {}

  /** Every wanted consumer. One may come twice (SSCAN). The next page is read only on demand. */
  async *pages(wanted: (uuid: string) => boolean): AsyncGenerator<readonly RegistryEntry[]> {
    let cursor = '0';
    do {
      const [next, members] = await withTimeout(this.redis.sscanBuffer(this.keys.consumers, cursor, 'COUNT', PAGE));
      cursor = next.toString();
      const uuids = members.map(toText).filter(wanted);
      // Redis returns a small set as a whole, whatever COUNT says.
      for (let i = 0; i < uuids.length; i += PAGE) yield await this.#read(uuids.slice(i, i + PAGE), false);
    } while (cursor !== '0');
  }

  /** The current entries of these consumers. Those that are no longer registered are left out. */
  read(uuids: readonly string[]): Promise<readonly RegistryEntry[]> {
    return this.#read(uuids, true);
  }

  /** The number of registered consumers. */
  count(): Promise<number> {
    return withTimeout(this.redis.scard(this.keys.consumers));
  }

  async #read(uuids: readonly string[], ifRegistered: boolean): Promise<readonly RegistryEntry[]> {
    const { consumers } = this.keys;
    const entries = uuids.map((uuid) => this.keys.consumer(uuid));
    const found = await runScript(this.redis, READ, [consumers, ...entries], [ifRegistered ? 1 : 0, ...uuids]);
    return (found as readonly (Fields | null)[]).flatMap((fields, i) => {
      const uuid = uuids[i];
      return fields === null || uuid === undefined ? [] : [toEntry(uuid, fields)];
    });
  }
}

function toEntry(uuid: string, fields: Fields): RegistryEntry {
  const [ip = null, port = null, state = null, failures = null, checkedAt = null, error = null, ...facts] = fields;
  const [stateAt = null, okAt = null, latencyMs = null, calledAt = null] = facts;
  return {
    uuid,
    stored: { ip, port },
    health: {
      state: state !== null && STATES.includes(state) ? (state as PeerState) : undefined,
      failures: toCount(failures),
      successes: 0,
      countedGeneration: 0,
    },
    checkedAt: toCount(checkedAt),
    reportedFault: error === 'address-invalid' || error === 'address-denied' ? error : null,
    facts: {
      stateAt: toCount(stateAt),
      okAt: toCount(okAt),
      latencyMs: toCount(latencyMs),
      calledAt: toCount(calledAt),
    },
  };
}

function toText(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function toCount(text: string | null): number {
  return countOf(text) ?? 0;
}
