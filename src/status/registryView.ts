import { isIP } from 'node:net';
import type { RedisClient } from '../clients/redis.js';
import { countOf, fieldsOf, ifOfAnotherType } from '../clients/replies.js';
import { withTimeout } from '../clients/withTimeout.js';
import { producerState, type ProducerFacts, type ProducerState } from '../domain/announce/producerState.js';
import type { AddressClass } from '../domain/ip/address.js';
import type { Keys } from '../domain/keys.js';
import { readEntry } from '../domain/peer/entry.js';
import { readReplicas, type Replicas } from '../replicas/readReplicas.js';
import { KeptReading } from './keptReading.js';

export interface ProducerEntry extends ProducerFacts {
  readonly uuid: string;
  readonly ip: string | null;
  readonly port: string | null;
  readonly notifiedIp: string | null;
  readonly notifiedAt: number | null;
  readonly attempts: number;
  readonly error: string | null;
  /** When the next attempt is due; null if no ack is missing. */
  readonly nextAt: number | null;
}

export interface IpChange {
  readonly at: number;
  readonly ip: string;
  readonly previous: string | null;
  readonly agreed: string[];
}

/** The part of the registry that is not in memory, as of one time. */
export interface RegistryPicture {
  readonly at: number;
  readonly ip: string | undefined;
  readonly ipChangedAt: number | undefined;
  readonly changes: readonly IpChange[];
  readonly producers: readonly ProducerEntry[];
  readonly pending: number;
  /** The replicas; empty if the registry is not divided. */
  readonly replicas: Replicas;
}

const PAGE = 256;
const FIELDS = ['ip', 'port', 'notified_ip', 'notified_at', 'attempts', 'error'] as const;

/**
 * The producers, our IP and its changes: read on demand and kept for a while, so that any number of readers costs
 * Redis the same. While Redis is away the last result stays. Texts of producers are latin1, one character per byte,
 * like those of consumers, so that different bytes always stay different texts.
 */
export class RegistryView {
  readonly #kept: KeptReading<RegistryPicture>;

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly wall: () => number,
    steady: () => number,
    private readonly allow: () => readonly AddressClass[],
    private readonly divided = false,
  ) {
    this.#kept = new KeptReading(() => this.#read(), steady);
  }

  /** The newest picture, or undefined if Redis was never read. Never rejects, and never waits long. */
  read(): Promise<RegistryPicture | undefined> {
    return this.#kept.read();
  }

  async #read(): Promise<RegistryPicture> {
    const { keys, redis } = this;
    const [[ip = null, changedAt = null], changes] = await withTimeout(
      Promise.all([redis.hmget(keys.scheduler, 'ip', 'ip_changed_at'), this.#changes()]),
    );
    const due = await this.#due();
    const replicas = this.divided ? await readReplicas(redis, keys) : { members: [], of: undefined };
    const producers: ProducerEntry[] = [];
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const [next, members] = await withTimeout(redis.sscanBuffer(keys.producers, cursor, 'COUNT', String(PAGE)));
      const fresh = members.map(toText).filter((uuid) => !seen.has(uuid));
      for (const uuid of fresh) seen.add(uuid);
      for (let i = 0; i < fresh.length; i += PAGE) {
        producers.push(...(await this.#entries(fresh.slice(i, i + PAGE), due)));
      }
      cursor = next.toString();
    } while (cursor !== '0');
    const known = ip !== null && isIP(ip) !== 0 ? ip : undefined;
    return {
      at: this.wall(),
      ip: known,
      ipChangedAt: countOf(changedAt),
      changes,
      producers,
      pending: due.size,
      replicas,
    };
  }

  async #changes(): Promise<IpChange[]> {
    const found: [string, string[]][] = await this.redis
      .xrevrange(this.keys.ipChanges, '+', '-', 'COUNT', 20)
      .catch(() => []);
    return found.flatMap(([, list]) => {
      const fields = fieldsOf(list);
      const [at, ip] = [countOf(fields.get('at')), fields.get('ip') ?? ''];
      if (at === undefined || isIP(ip) === 0) return [];
      const agreed = (fields.get('agreed') ?? '').split(',').filter((name) => name !== '');
      return [{ at, ip, previous: emptyAsNull(fields.get('previous')), agreed }];
    });
  }

  /** The due time of each producer. */
  async #due(): Promise<Map<string, number>> {
    const due = new Map<string, number>();
    const found = await withTimeout(this.redis.zrangeBuffer(this.keys.announcements, '0', '-1', 'WITHSCORES'));
    const pairs = found.map(toText);
    for (let i = 0; i + 1 < pairs.length; i += 2) due.set(pairs[i] ?? '', Math.floor(Number(pairs[i + 1])));
    return due;
  }

  #entries(uuids: readonly string[], due: ReadonlyMap<string, number>): Promise<ProducerEntry[]> {
    return withTimeout(
      Promise.all(
        uuids.map(async (uuid) => {
          const key = Buffer.from(this.keys.producer(uuid), 'latin1');
          const fields = (
            await this.redis.hmgetBuffer(key, ...FIELDS).catch(ifOfAnotherType<(Buffer | null)[]>([]))
          ).map((one) => one && toText(one));
          const [ip = null, port = null, notifiedIp = null, notifiedAt = null, attempts = null, error = null] = fields;
          const entry = readEntry({ ip, port }, this.allow());
          return {
            uuid,
            ip,
            port,
            fault: entry.ok ? undefined : entry.error,
            owing: due.has(uuid),
            notifiedIp,
            notifiedAt: countOf(notifiedAt) ?? null,
            attempts: countOf(attempts) ?? 0,
            error,
            nextAt: due.get(uuid) ?? null,
          };
        }),
      ),
    );
  }
}

/** How many producers stand in which state to this IP. */
export function countStates(
  producers: readonly ProducerFacts[],
  ip: string | undefined,
): Readonly<Record<ProducerState, number>> {
  const counts = { knows: 0, owing: 0, untold: 0, denied: 0, invalid: 0 } satisfies Record<ProducerState, number>;
  for (const one of producers) counts[producerState(one, ip)] += 1;
  return counts;
}

function toText(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function emptyAsNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
