import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import type { PeerState, RegistryEntry } from '../domain/peer/peer.js';

/** Members asked for at once: small enough that a page is no burden, large enough that the round trips are not. */
const PAGE = 256;
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
 * The consumers in the registry, read in pages; the cost grows with them alone, not with the database. Texts are
 * latin1, one character a byte: a write-back has to find again whatever bytes stand there.
 */
export class RegistrySource {
  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
  ) {}

  /** Every registered consumer; one may come twice (SSCAN). The next page is read only when it is asked for. */
  async *pages(): AsyncGenerator<readonly RegistryEntry[]> {
    let cursor = '0';
    do {
      const [next, members] = await withTimeout(this.redis.sscanBuffer(this.keys.consumers, cursor, 'COUNT', PAGE));
      cursor = next.toString();
      const uuids = members.map(toText);
      // A small set is stored compactly and comes whole, whatever COUNT says.
      for (let i = 0; i < uuids.length; i += PAGE) yield await this.#entries(uuids.slice(i, i + PAGE));
    } while (cursor !== '0');
  }

  /** The named consumers as they are now, those that are no longer registered left out. */
  async read(uuids: readonly string[]): Promise<readonly RegistryEntry[]> {
    const registered = await withTimeout(
      Promise.all(uuids.map((uuid) => this.redis.sismember(this.keys.consumers, toBytes(uuid)))),
    );
    return this.#entries(uuids.filter((_, i) => registered[i] === 1));
  }

  /** How many consumers are registered. */
  count(): Promise<number> {
    return withTimeout(this.redis.scard(this.keys.consumers));
  }

  #entries(uuids: readonly string[]): Promise<readonly RegistryEntry[]> {
    return withTimeout(
      Promise.all(
        uuids.map(async (uuid) => {
          const values = await this.redis.hmgetBuffer(toBytes(this.keys.consumer(uuid)), ...FIELDS).catch(wrongType);
          return toEntry(
            uuid,
            values.map((value) => value && toText(value)),
          );
        }),
      ),
    );
  }
}

/** A key that is no hash is that entry's fault alone; it reads like one without an address. */
function wrongType(error: unknown): (Buffer | null)[] {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return [];
  throw error;
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

function toBytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function toCount(text: string | null): number {
  const value = Number(text ?? 0);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
