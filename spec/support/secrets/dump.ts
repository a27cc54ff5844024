import type { Redis } from 'ioredis';

/** Every key and every value of a database, as one text. */
export async function dump(redis: Redis): Promise<string> {
  const parts = (await redis.keys('*')).map(async (key) => [key, await valueOf(redis, key)]);
  return JSON.stringify(await Promise.all(parts));
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return redis.hgetall(key);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, 0, '-1', 'WITHSCORES');
    case 'stream':
      return redis.xrange(key, '-', '+');
    case 'list':
      return redis.lrange(key, 0, '-1');
    default:
      return redis.get(key);
  }
}
