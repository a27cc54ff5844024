import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { keysUnder } from '#src/domain/keys.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { Neighbours } from '../support/neighbours.js';
import { RedisCluster } from '../support/redisCluster.js';
import { held } from '../support/replicas/held.js';
import { expectSoundLog } from '../support/soundLog.js';

const PREFIX = '{p2p}:';
const LEASE_MS = 2_000;
const SLACK_MS = 3_000;
const keys = keysUnder(PREFIX);

describe('replicas on a Redis Cluster', () => {
  let neighbours: Neighbours;
  let cluster: RedisCluster | undefined;
  const all: Scheduler[] = [];

  before(async () => {
    neighbours = await Neighbours.start();
  });
  after(async () => {
    for (const one of all) {
      await one.kill();
      await one.clear();
    }
    await neighbours.stop();
    await cluster?.stop();
  });

  it('share the registry, and take over what one of them had that was killed', async () => {
    const formed = await RedisCluster.start();
    cluster = formed;
    const redis: Redis = (await formed.ownerOf(keys.scheduler)).client();
    await neighbours.register(redis, keys);
    const start = async (name: string): Promise<Scheduler> => {
      const one = await Scheduler.start({
        ...neighbours.settings({ cluster: formed.urls, keyPrefix: PREFIX }),
        replicas: { enabled: true, lease: LEASE_MS, name },
      });
      all.push(one);
      return one;
    };
    const [a, b] = [await start('a'), await start('b')];
    await held(redis, keys, [32, 32]);
    const at = Date.now();
    await a.kill();
    await held(redis, keys, [64]);
    expect(Date.now() - at).to.be.lessThan(2 * LEASE_MS + SLACK_MS);
    await eventually(async () => {
      for (const { uuid } of neighbours.consumers) {
        expect(await redis.hgetall(keys.consumer(uuid))).to.include({ state: 'available', checked_by: 'b' });
      }
    });
    expect(await b.stop()).to.equal(0);
    expectSoundLog(b);
  }).timeout(60_000);
});
