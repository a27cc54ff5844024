import { expect } from 'chai';
import type { Redis } from 'ioredis';
import type { Keys } from '#src/domain/keys.js';
import { keys as common } from './registry.js';

const VERDICT = ['available', 'state', 'state_since', 'checked_at'];

/** Nothing that the API did not create, and nothing half written. */
export async function expectSound(redis: Redis, keys: Keys = common): Promise<void> {
  const consumers = new Set((await redis.smembers(keys.consumers)).map(keys.consumer));
  const producers = new Set((await redis.smembers(keys.producers)).map(keys.producer));
  for (const key of await redis.keys(`${keys.consumerPrefix}*`)) {
    expect(consumers.has(key), `${key} is registered`).to.equal(true);
    const entry = await redis.hgetall(key);
    expect(entry).to.include.keys('ip', 'port');
    if (entry.state !== undefined) expect(entry).to.include.keys(VERDICT);
    if (entry.state === 'available') expect(entry).to.include.keys('last_ok_at', 'latency_ms', 'failures');
  }
  for (const key of await redis.keys(`${keys.producerPrefix}*`)) {
    expect(producers.has(key), `${key} is registered`).to.equal(true);
    const entry = await redis.hgetall(key);
    if (entry.notified_ip !== undefined) expect(entry).to.include.keys('notified_at', 'ip', 'port');
  }
}
