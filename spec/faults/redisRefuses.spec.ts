import { expect } from 'chai';
import { Besieged } from '../support/besieged.js';
import { eventually } from '../support/eventually.js';
import { FALL } from '../support/neighbours.js';
import { freePort } from '../support/freePort.js';
import { settled, type Outage } from '../support/outage.js';
import { scale } from '../support/scale.js';
import { expectSound } from '../support/sound.js';

const PASSWORD = 'planted-secret';

describe('Redis refuses', () => {
  const node = new Besieged();

  /** Not even a part of an entry changes while writes are refused. */
  const endureWhole = async (
    what: string,
    times: number,
    { begin, end }: Pick<Outage, 'begin' | 'end'>,
  ): Promise<void> => {
    let before: unknown;
    await node.endure(what, times, {
      begin: async () => {
        await begin();
        before = await node.consumers();
      },
      meanwhile: async () => {
        expect(await node.consumers()).to.deep.equal(before);
        await expectSound(node.redis);
      },
      end,
    });
  };

  it('for want of memory', async () => {
    await node.serve();
    await endureWhole('out of memory', 2 * scale, {
      begin: () => node.redis.config('SET', 'maxmemory', '1'),
      end: () => node.redis.config('SET', 'maxmemory', '0'),
    });
  }).timeout(30_000 + scale * 30_000);

  it('as a replica, until it is a primary again', async () => {
    await node.serve();
    await endureWhole('made a replica', scale, {
      begin: () => node.redis.replicaof('127.0.0.1', 1),
      end: () => node.redis.replicaof('NO', 'ONE'),
    });
  }).timeout(30_000 + scale * 30_000);

  // No script at all; a command in the midst of the one that takes the lease.
  for (const rules of [['-evalsha', '-eval'], ['-hset'], ['-pexpire']]) {
    it(`what a user may not do from the start (${rules.join(' ')}): newcomers are called, and all is stored once it may`, async () => {
      const port = await freePort();
      await node.serve('--port', String(port), '--bind', '127.0.0.1');
      await node.redis.call('ACL', 'SETUSER', 'sched', 'on', `>${PASSWORD}`, '~*', '+@all', ...rules);
      const [silent, ...others] = node.neighbours.consumers;
      silent?.endpoint.behave({ status: 503 });
      const running = await node.start(`redis://sched:${PASSWORD}@127.0.0.1:${port}`);
      await node.called(FALL + 2);
      expect((await node.consumers()).map(({ state }) => state)).to.deep.equal(
        [silent, ...others].map(() => undefined),
      );
      expect(running.lines.map(({ event }) => event)).to.not.include('leader.standing-by');
      await node.redis.call('ACL', 'SETUSER', 'sched', '+@all');
      await eventually(async () => {
        const states = (await node.consumers()).map(({ state }) => state);
        expect(states).to.deep.equal(['unavailable', ...others.map(() => 'available')]);
      });
      silent?.endpoint.behave('well');
      await settled(node.redis, node.neighbours);
      await node.stop(running);
    }).timeout(30_000);
  }

  describe('by a password', () => {
    it('that is wrong: it says so once, without the password, and begins when that is right', async () => {
      const setPassword = (word: string) =>
        node.redis.acl('SETUSER', 'sched', 'on', '~*', '+@all', 'resetpass', `>${word}`);
      const port = await freePort();
      await node.serve('--port', String(port), '--bind', '127.0.0.1');
      await setPassword('another');
      const running = await node.start(`redis://sched:${PASSWORD}@127.0.0.1:${port}`);
      await eventually(async () => {
        const [, tried = '0'] = /cmdstat_auth:calls=(\d+)/.exec(await node.redis.info('commandstats')) ?? [];
        expect(Number(tried)).to.be.at.least(4);
      });
      const told = running.lines.map(({ event }) => event).filter((event) => event !== 'status.listening');
      expect(told).to.deep.equal(['process.started', 'redis.down']);
      expect(running.output).to.include('WRONGPASS');
      expect(node.calls()).to.deep.equal([0, 0, 0, 0]);
      await setPassword(PASSWORD);
      await settled(node.redis, node.neighbours);
      await node.stop(running);
      expect(running.output).to.not.include(PASSWORD);
    });

    it('that is set while it runs', async () => {
      await node.serve();
      await node.endure('a password set', scale, {
        begin: async () => {
          await node.redis.config('SET', 'requirepass', 'another');
          // Who has logged in before stays.
          await node.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        },
        end: () => node.redis.config('SET', 'requirepass', ''),
      });
    }).timeout(30_000 + scale * 30_000);
  });
});
