import { expect } from 'chai';
import { keysUnder } from '#src/domain/keys.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { Neighbours } from '../support/neighbours.js';
import { endure, settled } from '../support/outage.js';
import { RedisCluster } from '../support/redisCluster.js';
import { recovery, report, scale } from '../support/scale.js';
import { expectSoundLog } from '../support/soundLog.js';

const PREFIX = '{p2p}:';
const keys = keysUnder(PREFIX);
/** In one life of the program, which lets five changes of its IP through. */
const KILLS = Math.min(4, scale);

describe('a Redis Cluster', () => {
  let neighbours: Neighbours;
  let cluster: RedisCluster | undefined;
  let scheduler: Scheduler | undefined;

  before(async () => {
    neighbours = await Neighbours.start();
  });
  after(async () => {
    await scheduler?.kill();
    await scheduler?.clear();
    await neighbours.stop();
    await cluster?.stop();
  });

  it('whose node with our keys is killed and comes back: all the work is done, nothing is lost', async () => {
    cluster = await RedisCluster.start('--user', 'sched', 'on', '>of-redis', '~*', '&*', '+@all');
    const owner = await cluster.ownerOf(keys.scheduler);
    const redis = owner.client();
    await neighbours.register(redis, keys);
    const login = { username: 'sched', password: 'of-redis' };
    const running = await Scheduler.start(neighbours.settings({ cluster: cluster.urls, keyPrefix: PREFIX, ...login }));
    scheduler = running;
    await settled(redis, neighbours, { keys });
    expect(await redis.client('LIST')).to.include('user=sched');

    const outage = {
      begin: () => owner.kill(),
      end: async () => {
        await owner.launch();
        // It answers a PING before it has found the others, and serves its slots only then.
        await eventually(async () => {
          expect(await redis.exists(keys.scheduler)).to.equal(1);
        });
      },
      redis: () => redis,
      keys,
    };
    const tookMs: number[] = [];
    for (let n = 0; n < KILLS; n += 1) tookMs.push(await endure(outage, neighbours, running, n + 1));
    expect(await running.stop()).to.equal(0);
    expectSoundLog(running);
    report(`the owner of the slot killed: ${recovery(tookMs)}`);
  }).timeout(60_000 + KILLS * 30_000);
});
