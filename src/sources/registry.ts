import type { RedisClient } from '../clients/redis.js';
import { countOf, ifOfAnotherType } from '../clients/replies.js';
import { isNoScriptAllowed, onTheWire, runScript, script, texts } from '../clients/script.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { AddressFault } from '../domain/call/reasons.js';
import type { Keys } from '../domain/keys.js';
import type { PeerState, RegistryEntry } from '../domain/peer/peer.js';

/** Members asked for at once: small enough that a page is no burden, large enough that the round trips are not. */
const PAGE = 64;
/** So long after Redis has refused to run a script for us, none is tried. */
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
const STATES: readonly string[] = ['available', 'suspect', 'unavailable'] satisfies PeerState[];

type Fields = readonly (string | null)[];

/**
 * KEYS the set and the entries. ARGV 1 where only those still in the set are asked for, or 0; then their UUIDs. Returns
 * the fields of each, none for a key that is no hash, or for no key (which is that entry's fault alone, and reads like
 * one without an address), and nil for one that is no longer registered. One script for a page costs a fifth of a command for each.
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
    elseif not fields[1] and redis.call('TYPE', KEYS[k]).ok ~= 'hash' then
      fields = {}
    end
  end
  found[k - 1] = fields
end
return found
`);

type Page = readonly (Fields | null)[];

/**
 * The consumers in the registry, read in pages; the cost grows with them alone, not with the database. Texts are
 * latin1, one character a byte: a write-back has to find again whatever bytes stand there. Where our user may run no
 * script it is read command by command, since a registry that can be read is to be, whatever may not be written.
 */
export class RegistrySource {
  #noScriptUntil = -Infinity;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly steady = (): number => performance.now(),
  ) {}

  /** Every registered consumer that is wanted; one may come twice (SSCAN). The next page is read only when it is asked for. */
  async *pages(wanted: (uuid: string) => boolean): AsyncGenerator<readonly RegistryEntry[]> {
    let cursor = '0';
    do {
      const [next, members] = await withTimeout(this.redis.sscanBuffer(this.keys.consumers, cursor, 'COUNT', PAGE));
      cursor = next.toString();
      const uuids = members.map(toText).filter(wanted);
      // A small set is stored compactly and comes whole, whatever COUNT says.
      for (let i = 0; i < uuids.length; i += PAGE) yield await this.#read(uuids.slice(i, i + PAGE), false);
    } while (cursor !== '0');
  }

  /** The named consumers as they are now, those that are no longer registered left out. */
  read(uuids: readonly string[]): Promise<readonly RegistryEntry[]> {
    return this.#read(uuids, true);
  }

  /** How many consumers are registered. */
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
      return (await runScript(this.redis, READ, keys, [ifRegistered ? 1 : 0, ...uuids])) as Page;
    } catch (error) {
      if (!isNoScriptAllowed(error)) throw error;
      this.#noScriptUntil = this.steady() + NO_SCRIPT_MS;
      return this.#oneByOne(uuids, ifRegistered);
    }
  }

  /** What the script returns. */
  #oneByOne(uuids: readonly string[], ifRegistered: boolean): Promise<Page> {
    const { consumers, consumer } = this.keys;
    const read = async (uuid: string): Promise<Fields | null> => {
      const registered = ifRegistered ? this.redis.sismember(consumers, onTheWire(uuid)) : 1;
      const key = onTheWire(consumer(uuid));
      const fields = this.redis.hmgetBuffer(key, ...FIELDS).catch(ifOfAnotherType([]));
      const [isThere, values] = await Promise.all([registered, fields]);
      if (isThere !== 1) return null;
      const isHash = values[0] != null || (await this.redis.type(key)) === 'hash';
      return isHash ? (texts(values) as Fields) : [];
    };
    return withTimeout(Promise.all(uuids.map(read)));
  }
}

function toEntry(uuid: string, fields: Fields): RegistryEntry {
  const [ip = null, port = null, state = null, failures = null, checkedAt = null, error = null, ...facts] = fields;
  const [stateAt = null, okAt = null, latencyMs = null, calledAt = null, available = null] = facts;
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
    reportedFault: fields.length === 0 ? undefined : available === '0' && isFault(error) ? error : null,
    facts: {
      stateAt: toCount(stateAt),
      okAt: toCount(okAt),
      latencyMs: toCount(latencyMs),
      calledAt: toCount(calledAt),
    },
  };
}

function isFault(error: string | null): error is AddressFault {
  return error === 'address-invalid' || error === 'address-denied';
}

function toText(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function toCount(text: string | null): number {
  return countOf(text) ?? 0;
}
