import { expect } from 'chai';
import { BullEngine } from '#src/replicas/bullEngine.js';
import { ShareCountError } from '#src/replicas/engine.js';
import { RedisMembership } from '#src/replicas/redisMembership.js';
import { keys, privateRedis } from '../support/registry.js';
import { MemoryShareServer } from '../support/replicas/memoryEngine.js';
import { shareSuite } from '../support/replicas/shareSuite.js';

const COUNT = 16;
const LEASE_MS = 1_000;

describe('shares', function () {
  this.timeout(30_000);

  describe('in memory', () => {
    let server: MemoryShareServer;
    beforeEach(() => {
      server = new MemoryShareServer(() => Date.now(), COUNT, LEASE_MS);
    });
    const reach = () => Promise.resolve();
    shareSuite('are divided', () => ({
      ...{ count: COUNT, leaseMs: LEASE_MS },
      engine: () => server.engine(reach),
      membership: (instance) => server.membership(instance, COUNT, reach),
      held: (share) => Promise.resolve(server.held(share)),
      empty: () => {
        server.empty();
        return Promise.resolve();
      },
    }));
  });

  describe('through BullMQ, on a real Redis', () => {
    const shared = privateRedis();
    const engine = () => new BullEngine({ redis: shared.redis, prefix: keys.engine, shares: COUNT, leaseMs: LEASE_MS });
    const membership = (instance: string, count = COUNT) =>
      new RedisMembership(shared.redis, keys, instance, count, LEASE_MS);
    shareSuite('are divided', () => ({
      ...{ count: COUNT, leaseMs: LEASE_MS },
      engine,
      membership,
      held: async (share) => (await shared.redis.get(engine().lockOf(share))) ?? undefined,
      empty: async () => {
        await shared.redis.flushall();
      },
    }));

    it('have all their keys under the prefix, and no connection of their own', async () => {
      const one = engine();
      await one.recover();
      const share = await one.take('a:1');
      expect(await shared.redis.get(one.lockOf(share ?? -1))).to.equal('a:1');
      for (const key of await shared.redis.keys('*')) expect(key).to.match(/^p2p:engine:shares-16:/);
      const clients = ((await shared.redis.client('LIST')) as string).trim().split('\n');
      expect(clients).to.have.length(1);
      await one.close();
      expect(await shared.redis.ping(), 'the connection is still ours').to.equal('PONG');
    });

    it('fail as the connection does, and go on when that is back', async () => {
      const one = engine();
      await one.recover();
      await shared.server.kill();
      const failed = await one.renew([{ share: 0, token: 'a:1' }]).then(
        () => 'no failure',
        () => 'failed',
      );
      expect(failed).to.equal('failed');
      await shared.server.launch();
      await shared.redis.ping();
      expect(await one.recover()).to.equal(COUNT);
      await one.close();
    });

    it('are refused to who divides into another number than those that live', async () => {
      await membership('a').beat({ name: 'nas-1', host: 'there', pid: 12 });
      const refusal = await membership('b', 32)
        .beat({ name: 'nas-2' })
        .catch((error: unknown) => error as Error);
      expect(refusal).to.be.instanceOf(ShareCountError);
      expect((refusal as Error).message).to.match(/is 32 here, and 16 at replica nas-1 on host there, pid 12/);
      expect(await shared.redis.zrange(keys.replicas, '0', '-1')).to.deep.equal(['a']);
      await membership('a').leave();
      expect((await membership('b', 32).beat({ name: 'nas-2' })).members).to.deep.equal([
        { instance: 'b', name: 'nas-2' },
      ]);
    });

    it('members add up what they say, and see the node’s address', async () => {
      await shared.redis.hset(keys.scheduler, 'ip', '1.1.1.1');
      await shared.redis.set(keys.leader, 'a:7', 'PX', 60_000);
      await membership('a').beat({ name: 'x', round_ok: 5, round_failed: 1, isolated: 1, ip: '1.1.1.1' });
      const seen = await membership('b').beat({ name: 'y', round_ok: 7, round_failed: 0, isolated: 0, ip: '8.8.8.8' });
      expect(seen).to.deep.include({ ok: 12, failed: 1, isolated: false, storedIp: '1.1.1.1', leaderIp: '1.1.1.1' });
      expect(await membership('c').read()).to.deep.equal({ storedIp: '1.1.1.1', leaderIp: '1.1.1.1' });
    });
  });
});
