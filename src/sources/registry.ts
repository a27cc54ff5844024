import type { RedisClient } from '../clients/redis.js';
import { countOf, ifOfAnotherType } from '../clients/replies.js';
import { isScriptDenied, encoded, runScript, script, texts } from '../clients/script.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { AddressFault } from '../domain/call/reasons.js';
import type { Keys } from '../domain/keys.js';
import type { PeerState, RegistryEntry } from '../domain/peer/peer.js';

/** Members per read: a small page does not block Redis for long, and a large one saves round trips. */
const PAGE = 64;
/** Pause before a script is tried again after Redis has denied it. */
const NO_SCRIPT_MS = 60_000;
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
  'available',
] as const;
const STATES: Readonly<Record<PeerState, PeerState>> = {
  available: 'available',
  suspect: 'suspect',
  unavailable: 'unavailable',
};

/** The fields of an entry, '' for a missing one. Empty for a key that is missing or no hash. */
type Fields = readonly string[];
type Page = readonly (Fields | null)[];

/** Separates the fields of an entry in the reply of the script. */
const SEPARATOR = '\x1f';

/**
 * KEYS: the set and the entries. ARGV: the UUIDs if only members of the set are wanted, else nothing. Returns the
 * fields of each entry as one text, because each element of a reply costs time: nil if it is no longer registered, and
 * '' for a key that is missing or no hash, which then counts as an entry without an address. One script per page costs
 * a fifth of one command per entry.
 */
const READ = script(`
local found = {}
for k = 2, #KEYS do
  local text = false
  if #ARGV == 0 or redis.call('SISMEMBER', KEYS[1], ARGV[k - 1]) == 1 then
    local fields = redis.pcall('HMGET', KEYS[k], ${FIELDS.map((name) => `'${name}'`).join(', ')})
    if fields.err and not string.find(fields.err, 'WRONGTYPE', 1, true) then return fields end
    if fields.err or not fields[1] and redis.call('TYPE', KEYS[k]).ok ~= 'hash' then
      text = ''
    else
      for i = 1, ${String(FIELDS.length)} do fields[i] = fields[i] or '' end
      text = table.concat(fields, '\\31')
    end
  end
  found[k - 1] = text
end
return found
`);

/**
 * The consumers in the registry, read in pages. The cost grows with their number, not with the size of the database.
 * Texts are latin1, one character per byte, so that a write-back finds the same bytes again. If the user may not run
 * scripts, each entry is read by commands, because a readable registry has to be checked even if nothing can be written.
 */
export class RegistrySource {
  #noScriptUntil = -Infinity;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly steady = (): number => performance.now(),
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
    const found = await this.#fields(uuids, ifRegistered);
    return found.flatMap((fields, i) => {
      const uuid = uuids[i];
      return fields === null || uuid === undefined ? [] : [toEntry(uuid, fields)];
    });
  }

  async #fields(uuids: readonly string[], ifRegistered: boolean): Promise<Page> {
    if (this.steady() < this.#noScriptUntil) return this.#oneByOne(uuids, ifRegistered);
    try {
      const entries = uuids.map((uuid) => this.keys.consumer(uuid));
      const keys = [this.keys.consumers, ...entries];
      const found = (await runScript(this.redis, READ, keys, ifRegistered ? uuids : [])) as readonly (string | null)[];
      const page = found.map((text) => (text === null ? null : text === '' ? [] : text.split(SEPARATOR)));
      // An entry with more parts has a field that contains the separator.
      const isExact = page.every((fields) => (fields?.length ?? 0) <= FIELDS.length);
      return isExact ? page : await this.#oneByOne(uuids, ifRegistered);
    } catch (error) {
      if (!isScriptDenied(error)) throw error;
      this.#noScriptUntil = this.steady() + NO_SCRIPT_MS;
      return this.#oneByOne(uuids, ifRegistered);
    }
  }

  /** Reads the same as the script. */
  #oneByOne(uuids: readonly string[], ifRegistered: boolean): Promise<Page> {
    const { consumers, consumer } = this.keys;
    const read = async (uuid: string): Promise<Fields | null> => {
      const registered = ifRegistered ? this.redis.sismember(consumers, encoded(uuid)) : 1;
      const key = encoded(consumer(uuid));
      const fields = this.redis.hmgetBuffer(key, ...FIELDS).catch(ifOfAnotherType([]));
      const [isThere, values] = await Promise.all([registered, fields]);
      if (isThere !== 1) return null;
      const isHash = values[0] != null || (await this.redis.type(key)) === 'hash';
      return isHash ? (texts(values) as (string | null)[]).map((value) => value ?? '') : [];
    };
    return withTimeout(Promise.all(uuids.map(read)));
  }
}

function toEntry(uuid: string, fields: Fields): RegistryEntry {
  const [ip = '', port = '', state = '', failures = '', checkedAt = '', error = ''] = fields;
  const [, , , , , , stateAt = '', okAt = '', latencyMs = '', calledAt = '', available = ''] = fields;
  return {
    uuid,
    stored: { ip: ip === '' ? null : ip, port: port === '' ? null : port },
    health: {
      state: Object.hasOwn(STATES, state) ? STATES[state as PeerState] : undefined,
      failures: toCount(failures),
      successes: 0,
      countedGeneration: 0,
    },
    checkedAt: toCount(checkedAt),
    reportedFault: fields.length === 0 ? undefined : available === '0' ? faultOf(error) : null,
    facts: {
      stateAt: toCount(stateAt),
      okAt: toCount(okAt),
      latencyMs: toCount(latencyMs),
      calledAt: toCount(calledAt),
    },
  };
}

function faultOf(error: string): AddressFault | null {
  return error === 'address-invalid' || error === 'address-denied' ? error : null;
}

function toText(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function toCount(text: string): number {
  return countOf(text) ?? 0;
}
