import { ifOfAnotherType } from './clients/replies.js';
import { networkOf } from './domain/ip/network.js';
import { keysUnder, type Keys } from './domain/keys.js';
import type { PeerKind } from './domain/peer/peer.js';
import type { RegistryRedis } from './registry/client.js';
import { FIELDS, toEntry, type Entries } from './registry/entries.js';
import { follow, type EventsOptions, type RegistryEvent } from './registry/events.js';
import { checkedKind, literal, portArgument, spellingsOf } from './registry/input.js';
import { FORGET, REGISTER, SEEN } from './registry/scripts.js';

export type { PeerKind };
export type { RegistryRedis, WaitingRedis } from './registry/client.js';
export type { ConsumerEntry, Entries, ProducerEntry } from './registry/entries.js';
export type { EventsOptions, RegistryEvent } from './registry/events.js';
export { RegistryInputError } from './registry/input.js';

export interface RegistryOptions {
  /** The caller's own client. The caller closes it. */
  readonly redis: RegistryRedis;
  /** The same as `redis.keyPrefix` of the scheduler. A Cluster needs a hash tag in it. */
  readonly prefix?: string;
  /** Maximum number of peers registered from one address (one /64 for IPv6); Infinity for no limit. */
  readonly mostPerSource?: number;
}

/** A peer to register. */
export interface Peer {
  readonly uuid: string;
  /** The address at which it can be called. */
  readonly ip: string;
  /** If left out, a stored port stays; null removes it. */
  readonly port?: number | null | undefined;
  /** The source address of the call, which counts for the limit. Defaults to `ip`. */
  readonly from?: string | undefined;
}

export type Registration =
  | {
      readonly outcome: 'registered';
      /** The UUID as spelled in the registry. */
      readonly uuid: string;
      /** Whether it was not registered before. */
      readonly isNew: boolean;
    }
  /** Nothing was written: `mostPerSource` other peers are registered from that address. */
  | { readonly outcome: 'refused'; readonly reason: 'too-many-from-source' };

const DEFAULT_PREFIX = 'p2p:';
const DEFAULT_MAX_PER_SOURCE = 32;
/** How long the peers registered from an address are remembered after the last call from it. */
const SOURCE_KEPT_MS = 30 * 86_400_000;
/** Members per read. */
const PAGE = 256;

/**
 * The registry that an API shares with its scheduler. Writes only keys and fields that the API owns (docs/redis.md).
 */
export function openRegistry(options: RegistryOptions): Registry {
  return new Registry(options);
}

export class Registry {
  readonly #redis: RegistryRedis;
  readonly #keys: Keys;
  readonly #maxPerSource: number;

  constructor({ redis, prefix = DEFAULT_PREFIX, mostPerSource = DEFAULT_MAX_PER_SOURCE }: RegistryOptions) {
    if (mostPerSource !== Infinity && !(Number.isInteger(mostPerSource) && mostPerSource > 0)) {
      throw new TypeError('mostPerSource: expected a whole number from 1 on, or Infinity');
    }
    this.#redis = redis;
    this.#keys = keysUnder(prefix);
    this.#maxPerSource = mostPerSource === Infinity ? 0 : mostPerSource;
  }

  /**
   * Registers a peer, or updates the address of a registered one, in one transaction. For a consumer it also records
   * the time of its call. Rejects with a `RegistryInputError` before any value becomes part of a key.
   */
  async register(kind: PeerKind, { uuid, ip, port, from = ip }: Peer): Promise<Registration> {
    const { set, keyOf } = this.#keysOf(kind);
    const spellings = spellingsOf(uuid);
    const args = [
      literal('ip', ip),
      portArgument(port),
      kind === 'consumer' ? Date.now() : '',
      this.#maxPerSource,
      SOURCE_KEPT_MS,
    ];
    const { consumers, producers, source } = this.#keys;
    const keys = [set, source(networkOf(literal('from', from))), consumers, producers, ...spellings.map(keyOf)];
    const [stored, isNew] = (await this.#run(REGISTER, keys, [kind, ...args, ...spellings])) as [string?, number?];
    if (stored === undefined) return { outcome: 'refused', reason: 'too-many-from-source' };
    return { outcome: 'registered', uuid: stored, isNew: isNew === 1 };
  }

  /** Records that a consumer has called now. Returns false if it is not registered. */
  async seen(uuid: string): Promise<boolean> {
    const spellings = spellingsOf(uuid);
    const keys = [this.#keys.consumers, ...spellings.map(this.#keys.consumer)];
    return (await this.#run(SEEN, keys, [Date.now(), ...spellings])) === 1;
  }

  /** Removes a peer and all its data in one transaction. Returns false if it was not registered. */
  async forget(kind: PeerKind, uuid: string): Promise<boolean> {
    const { set, keyOf } = this.#keysOf(kind);
    const spellings = spellingsOf(uuid);
    const { history } = this.#keys;
    const stored = spellings.map((one) => (kind === 'consumer' ? [keyOf(one), history(one)] : [keyOf(one)]));
    const each = stored[0]?.length ?? 0;
    return (await this.#run(FORGET, [set, ...stored.flat()], [each, ...spellings])) !== 0;
  }

  /** One peer, with the results of the scheduler; undefined if it is not registered. */
  async get<K extends PeerKind>(kind: K, uuid: string): Promise<Entries[K] | undefined> {
    const { set } = this.#keysOf(kind);
    const spellings = spellingsOf(uuid);
    const members = await Promise.all(spellings.map((one) => this.#redis.call('SISMEMBER', set, one)));
    const stored = spellings.find((_, i) => members[i] === 1);
    return stored === undefined ? undefined : this.#read(kind, stored);
  }

  /** All peers of a kind, read in pages on demand. While the set is being resized one may come twice. */
  async *list<K extends PeerKind>(kind: K): AsyncGenerator<Entries[K], void, undefined> {
    const { set } = this.#keysOf(kind);
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

  /** The events, read on a separate connection. Throws if Redis fails; continue after the `id` of the last event. */
  events(options: EventsOptions = {}): AsyncGenerator<RegistryEvent, void, undefined> {
    return follow(this.#redis, this.#keys.events, options);
  }

  #keysOf(kind: PeerKind): { readonly set: string; readonly keyOf: (uuid: string) => string } {
    return checkedKind(kind) === 'consumer'
      ? { set: this.#keys.consumers, keyOf: this.#keys.consumer }
      : { set: this.#keys.producers, keyOf: this.#keys.producer };
  }

  async #read<K extends PeerKind>(kind: K, uuid: string): Promise<Entries[K]> {
    const values = this.#redis.call('HMGET', this.#keysOf(kind).keyOf(uuid), ...FIELDS[kind]);
    return toEntry(kind, uuid, (await values.catch(ifOfAnotherType([]))) as (string | null)[]);
  }

  /**
   * Runs a script by its text, which Redis keeps compiled. A digest would become unknown after a restart of the
   * server.
   */
  #run(lua: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.call('EVAL', lua, keys.length, ...keys, ...args);
  }
}
