import { setTimeout as delay } from 'node:timers/promises';
import { ifOfAnotherType } from '../../clients/replies.js';
import { networkOf } from '../../domain/ip/network.js';
import { classify } from '../../domain/ip/address.js';
import type { Registry } from '../registry.js';

export type Entry = Readonly<Record<string, string>>;

/** An entry that appears later than this after the answer counts as missing. */
const STORE_TIMEOUT_MS = 2_000;
const POLL_MS = 20;

/**
 * What an API has stored about its callers. This reads raw fields, because the functions of the registry would
 * normalise them.
 */
export class Stored {
  constructor(private readonly registry: Pick<Registry, 'redis' | 'keys'>) {}

  /** The UUID of the scheduler on this registry. */
  async own(): Promise<string | undefined> {
    const uuid = await this.registry.redis.hget(this.registry.keys.scheduler, 'uuid');
    return uuid?.toLowerCase();
  }

  /** The current entry of a registered consumer; undefined if it is not registered or has no hash. */
  async entry(uuid: string): Promise<Entry | undefined> {
    const { redis, keys } = this.registry;
    const [member, fields] = await Promise.all([
      redis.sismember(keys.consumers, uuid),
      redis.hgetall(keys.consumer(uuid)).catch(ifOfAnotherType<Entry>({})),
    ]);
    return member === 1 && Object.keys(fields).length > 0 ? fields : undefined;
  }

  /** The same with a wait, because an API that stores after its answer has another fault than one that never stores. */
  async waitFor(uuid: string, wanted: (entry: Entry) => boolean = () => true): Promise<Entry | undefined> {
    const deadline = performance.now() + STORE_TIMEOUT_MS;
    for (;;) {
      const entry = await this.entry(uuid);
      if ((entry !== undefined && wanted(entry)) || performance.now() > deadline) return entry;
      await delay(POLL_MS);
    }
  }

  /** Waits for an API that stores after its answer. */
  async settle(): Promise<void> {
    await delay(STORE_TIMEOUT_MS);
  }

  /** Creates an entry as the API and the scheduler would have stored it. */
  async put(uuid: string, fields: Entry): Promise<void> {
    const { redis, keys } = this.registry;
    await redis.hset(keys.consumer(uuid), fields);
    await redis.sadd(keys.consumers, uuid);
  }

  /** Those of the UUIDs that exist as a member or as a key. */
  async present(uuids: readonly string[]): Promise<readonly string[]> {
    const { redis, keys } = this.registry;
    const found = await Promise.all(
      uuids.map(async (uuid) => {
        const counts = [redis.sismember(keys.consumers, uuid), redis.exists(keys.consumer(uuid))];
        return (await Promise.all(counts)).some((count) => count > 0);
      }),
    );
    return uuids.filter((_, i) => found[i]);
  }

  /** Removes all of these entries. `from` is the address of their calls. */
  async remove(uuids: readonly string[], from: string): Promise<void> {
    const { redis, keys } = this.registry;
    const address = classify(from);
    for (const uuid of uuids) {
      await redis.srem(keys.consumers, uuid);
      await redis.del(keys.consumer(uuid), keys.history(uuid));
      if (address.ok) await redis.srem(keys.source(networkOf(address.ip)), `consumer:${uuid}`);
    }
  }
}
