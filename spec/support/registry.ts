import type { Redis } from 'ioredis';
import type { RedisClient } from '#src/clients/redis.js';
import { keysUnder, type Keys } from '#src/domain/keys.js';
import { RedisServer } from '#swarm/redis.js';

export const keys = keysUnder('p2p:');

/** A private Redis for the specs of one suite, emptied before each of them. */
export function privateRedis(): { readonly server: RedisServer; readonly redis: Redis } {
  const shared = {} as { server: RedisServer; redis: Redis };
  before(async () => {
    shared.server = await RedisServer.start();
    shared.redis = shared.server.client();
  });
  beforeEach(() => shared.redis.flushall());
  after(() => shared.server.stop());
  return shared;
}

/** A client whose user may do all but what the rules take away, such as `-hset`. */
export async function limitedClient(
  { server, redis }: ReturnType<typeof privateRedis>,
  ...rules: readonly string[]
): Promise<Redis> {
  await redis.call('ACL', 'SETUSER', 'limited', 'reset', 'on', 'nopass', '~*', '+@all', ...rules);
  const client = server.client();
  await client.call('AUTH', 'limited', 'any');
  return client;
}

/** Registers a peer as the API does. */
export async function register(
  redis: RedisClient,
  kind: 'consumer' | 'producer',
  uuid: string,
  fields: Readonly<Record<string, string | number>> = { ip: '127.0.0.1' },
  under: Keys = keys,
): Promise<void> {
  await redis.hset(kind === 'consumer' ? under.consumer(uuid) : under.producer(uuid), fields);
  await redis.sadd(kind === 'consumer' ? under.consumers : under.producers, uuid);
}
