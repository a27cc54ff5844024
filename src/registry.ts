import { ifOfAnotherType } from './clients/replies.js';
import { networkOf } from './domain/ip/network.js';
import { keysUnder, type Keys } from './domain/keys.js';
import type { PeerKind } from './domain/peer/peer.js';
import type { RegistryRedis } from './registry/client.js';
import { FIELDS, toEntry, type Entries } from './registry/entries.js';
import { follow, type EventsOptions, type RegistryEvent } from './registry/events.js';
import { checkedKind, literal, portWord, spellingsOf } from './registry/input.js';
import { FORGET, REGISTER, SEEN } from './registry/scripts.js';

export type { PeerKind };
export type { RegistryRedis, WaitingRedis } from './registry/client.js';
export type { ConsumerEntry, Entries, ProducerEntry } from './registry/entries.js';
export type { EventsOptions, RegistryEvent } from './registry/events.js';
export { RegistryInputError } from './registry/input.js';

export interface RegistryOptions {
  /** The caller's own client; it stays the caller's to close. */
  readonly redis: RegistryRedis;
  /** As `redis.keyPrefix` of the scheduler; a Cluster needs a hash tag in it. */
  readonly prefix?: string;
  /** How many peers may be registered from one address (of IPv6: one /64); Infinity for any number. */
  readonly mostPerSource?: number;
}

/** A peer as it is to be registered. */
export interface Peer {
  readonly uuid: string;
  /** Where it can be called. */
  readonly ip: string;
  /** Left out, a stored one stays; null takes it away. */
  readonly port?: number | null | undefined;
  /** The address that the call came from, which counts for the limit; `ip` where it is left out. */
  readonly from?: string | undefined;
}

export type Registration =
  | {
      readonly outcome: 'registered';
      /** As it is spelled in the registry. */
      readonly uuid: string;
      /** Whether it was not known before. */
      readonly isNew: boolean;
    }
  /** Nothing was written: `mostPerSource` others are registered from there. */
  | { readonly outcome: 'refused'; readonly reason: 'too-many-from-source' };

const USUAL_PREFIX = 'p2p:';
const USUAL_MOST = 32;
/** How long after the last call from an address it is known who was registered from there. */
const SOURCE_KEPT_MS = 30 * 86_400_000;
/** Members asked for at once. */
const PAGE = 256;

/** The registry that an API shares with its scheduler. Writes what is the API's (docs/redis.md) and nothing else. */
export function openRegistry(options: RegistryOptions): Registry {
  return new Registry(options);
}

export class Registry {
  readonly #redis: RegistryRedis;
  readonly #keys: Keys;
  readonly #most: number;

  constructor({ redis, prefix = USUAL_PREFIX, mostPerSource = USUAL_MOST }: RegistryOptions) {
    if (mostPerSource !== Infinity && !(Number.isInteger(mostPerSource) && mostPerSource > 0)) {
      throw new TypeError('mostPerSource: expected a whole number from 1 on, or Infinity');
    }
    this.#redis = redis;
    this.#keys = keysUnder(prefix);
    this.#most = mostPerSource === Infinity ? 0 : mostPerSource;
  }

  /**
   * Registers a peer, or gives a registered one its address, in one transaction; of a consumer it notes that it called just
   * now. Rejects with a `RegistryInputError` before anything becomes a key.
   */
  async register(kind: PeerKind, { uuid, ip, port, from = ip }: Peer): Promise<Registration> {
    const { set, keyOf } = this.#places(kind);
    const spellings = spellingsOf(uuid);
    const args = [literal('ip', ip), portWord(port), kind === 'consumer' ? Date.now() : '', this.#most, SOURCE_KEPT_MS];
    const { consumers, producers, source } = this.#keys;
    const keys = [set, source(networkOf(literal('from', from))), consumers, producers, ...spellings.map(keyOf)];
    const [stored, isNew] = (await this.#run(REGISTER, keys, [kind, ...args, ...spellings])) as [string?, number?];
    if (stored === undefined) return { outcome: 'refused', reason: 'too-many-from-source' };
    return { outcome: 'registered', uuid: stored, isNew: isNew === 1 };
  }

  /** Notes that a consumer called just now; false where it is not registered. */
  async seen(uuid: string): Promise<boolean> {
    const spellings = spellingsOf(uuid);
    const keys = [this.#keys.consumers, ...spellings.map(this.#keys.consumer)];
    return (await this.#run(SEEN, keys, [Date.now(), ...spellings])) === 1;
  }

  /** Takes a peer out with all that is stored of it, in one transaction; false where it was not registered. */
  async forget(kind: PeerKind, uuid: string): Promise<boolean> {
    const { set, keyOf } = this.#places(kind);
    const spellings = spellingsOf(uuid);
    const { history } = this.#keys;
    const stored = spellings.map((one) => (kind === 'consumer' ? [keyOf(one), history(one)] : [keyOf(one)]));
    const each = stored[0]?.length ?? 0;
    return (await this.#run(FORGET, [set, ...stored.flat()], [each, ...spellings])) !== 0;
  }

  /** One peer, with what the scheduler has found; undefined where it is not registered. */
  async get<K extends PeerKind>(kind: K, uuid: string): Promise<Entries[K] | undefined> {
    const { set } = this.#places(kind);
    const spellings = spellingsOf(uuid);
    const members = await Promise.all(spellings.map((one) => this.#redis.call('SISMEMBER', set, one)));
    const stored = spellings.find((_, i) => members[i] === 1);
    return stored === undefined ? undefined : this.#read(kind, stored);
  }

  /** All peers of a kind, read in pages as they are asked for; while the set is being resized one may come twice. */
  async *list<K extends PeerKind>(kind: K): AsyncGenerator<Entries[K], void, undefined> {
    const { set } = this.#places(kind);
    let cursor = '0';
    do {
      const page = (await this.#redis.call('SSCAN', set, cursor, 'COUNT', PAGE)) as [string, string[]];
      const [next, members] = page;
      for (let i = 0; i < members.length; i += PAGE) {
        yield* await Promise.all(members.slice(i, i + PAGE).map((uuid) => this.#read(kind, uuid)));
      }
      cursor = next;
    } while (cursor !== '0');
  }

  /** What happens, on a connection of its own. Throws where Redis fails: go on after the `id` of the last event. */
  events(options: EventsOptions = {}): AsyncGenerator<RegistryEvent, void, undefined> {
    return follow(this.#redis, this.#keys.events, options);
  }

  #places(kind: PeerKind): { readonly set: string; readonly keyOf: (uuid: string) => string } {
    return checkedKind(kind) === 'consumer'
      ? { set: this.#keys.consumers, keyOf: this.#keys.consumer }
      : { set: this.#keys.producers, keyOf: this.#keys.producer };
  }

  async #read<K extends PeerKind>(kind: K, uuid: string): Promise<Entries[K]> {
    const values = this.#redis.call('HMGET', this.#places(kind).keyOf(uuid), ...FIELDS[kind]);
    return toEntry(kind, uuid, (await values.catch(ifOfAnotherType([]))) as (string | null)[]);
  }

  /** By its text, which Redis keeps compiled: there is no digest to be lost with a restart of the server. */
  #run(lua: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.call('EVAL', lua, keys.length, ...keys, ...args);
  }
}
