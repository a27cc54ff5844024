import { expect } from 'chai';
import type { Redis } from 'ioredis';
import type { Keys } from '#src/domain/keys.js';
import { eventually } from '../eventually.js';

/** Waits until the members hold so many shares each, in ascending order. */
export function held(redis: Redis, keys: Keys, counts: readonly number[], withinMs?: number): Promise<void> {
  return eventually(async () => {
    const members = await redis.zrange(keys.replicas, '0', '-1');
    const shares = await Promise.all(members.map((one) => redis.hget(keys.replica(one), 'shares')));
    expect(shares.map(Number).sort((a, b) => a - b)).to.deep.equal(counts);
  }, withinMs);
}
