import { expect } from 'chai';
import { pingSocket } from '#src/clients/pingSocket.js';
import type { Behaviour } from '#swarm/behaviour.js';
import type { Scheduler } from '#swarm/scheduler.js';
import { Besieged } from '../support/besieged.js';
import { eventually } from '../support/eventually.js';
import { firstVerdict, settled } from '../support/outage.js';
import { keys } from '../support/registry.js';
import { recovery, report, scale } from '../support/scale.js';
import { expectSound } from '../support/sound.js';

describe('Redis goes away', () => {
  const node = new Besieged();
  const behave = (i: number, behaviour: Behaviour): void => {
    node.neighbours.consumers[i]?.endpoint.behave(behaviour);
  };

  it('killed and started again with its data, again and again', async () => {
    await node.serve('--appendonly', 'yes');
    await node.endure('killed with an append-only file', 2 * scale, {
      begin: () => node.server.kill(),
      end: () => node.server.launch(),
    });
  }).timeout(30_000 + scale * 30_000);

  it('what is found meanwhile is written afterwards: of each peer the newest verdict', async () => {
    await node.serve('--appendonly', 'yes');
    const running = await node.start();
    await settled(node.redis, node.neighbours);
    const killedAt = Date.now();
    await node.server.kill();
    behave(0, { status: 503 });
    await node.called(2);
    behave(0, 'reset');
    behave(2, { status: 500 });
    await node.called(3);
    // No check comes after the return, so what is written then was kept.
    const never = '1h';
    const { sync, ...others } = node.neighbours.settings({
      url: node.server.url,
    });
    await running.reconfigure({
      ...others,
      sync: {
        ...sync,
        interval: never,
        suspectInterval: never,
        unavailable: { interval: never },
      },
    });
    await running.logged(({ event }) => event === 'config.reloaded');
    for (const { endpoint } of node.neighbours.consumers) await endpoint.until(({ connections }) => connections === 0);
    const made = node.calls();
    await node.server.launch();
    const servedAt = Date.now();
    const { message } = await running.logged(({ event }) => event === 'redis.caught-up');
    expect(message).to.include(`${made.length} verdicts that waited in memory`);
    expect(await node.consumer(0)).to.include({
      state: 'unavailable',
      error: 'reset',
    });
    expect(await node.consumer(1)).to.include({
      state: 'available',
      failures: '0',
    });
    expect(await node.consumer(2)).to.include({
      state: 'unavailable',
      error: 'http-500',
    });
    for (const { checked_at: at } of await node.consumers()) expect(Number(at)).to.be.within(killedAt, servedAt);
    expect(node.calls()).to.deep.equal(made);
    await node.stop(running);
  });

  describe('killed and started again without its data', () => {
    const complete = (): Promise<void> =>
      eventually(async () => {
        expect(await node.redis.hgetall(keys.scheduler)).to.include.keys(
          ...['uuid', 'version', 'ip', 'ip_changed_at', 'ip_checked_at', 'round', 'round_started_at'],
          ...['round_finished_at', 'round_ok', 'round_failed', 'isolated', 'heartbeat_at'],
        );
      });
    const lose = async (): Promise<Scheduler> => {
      await node.serve();
      const running = await node.start();
      behave(1, 'reset');
      await settled(node.redis, node.neighbours, { dead: [1] });
      await complete();
      await node.server.kill();
      await node.server.launch();
      return running;
    };

    it('nobody is called and nothing is resurrected; it goes on with what the API registers anew', async () => {
      const running = await lose();
      const finished = () => running.lines.filter(({ event }) => event === 'round.finished');
      const rounds = async (n: number): Promise<void> => {
        const before = finished().length;
        await eventually(() => {
          expect(finished()).to.have.length.of.at.least(before + n);
        });
      };
      // Until it has written there the rounds may go over the last known peers.
      await eventually(async () => {
        expect(await node.redis.exists(keys.scheduler)).to.equal(1);
      });
      await rounds(2);
      const made = node.calls();
      await rounds(8);
      expect(finished().at(-1)?.message).to.include(': 0 of 0 answered');
      expect(node.calls()).to.deep.equal(made);
      const found = (await node.redis.keys('*')).filter((key) => !key.startsWith(keys.replica('')));
      expect([keys.scheduler, keys.leader, keys.events, keys.ipChanges]).to.include.members(found);

      behave(1, 'well');
      node.neighbours.move();
      await running.logged(({ event, message }) => event === 'ip.changed' && message.includes(node.neighbours.ip));
      await node.neighbours.register(node.redis);
      node.neighbours.move();
      await settled(node.redis, node.neighbours);
      await expectSound(node.redis);
      await node.stop(running);
    });

    it('what it says of itself is complete again', async () => {
      const running = await lose();
      await complete();
      await node.stop(running);
    });
  });

  it('frozen for longer than any timeout', async () => {
    await node.serve();
    await node.endure('frozen for 3 s', scale, {
      begin: () => {
        node.server.freeze();
        return Promise.resolve();
      },
      end: () => {
        node.server.thaw();
        return node.redis.ping();
      },
      lastsMs: 3_000,
    });
  }).timeout(30_000 + scale * 30_000);

  it('loading its data: the rounds go on, and a program that is started meanwhile begins afterwards', async () => {
    await node.serve('--key-load-delay', '2000', '--loading-process-events-interval-bytes', '1024');
    const running = await node.start();
    await settled(node.redis, node.neighbours);
    await node.redis.mset(Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`other:${i}`, 'x'.repeat(50)])));
    await node.redis.save();
    await node.server.kill();
    const launched = node.server.launch();
    const answers = (answer: string): Promise<void> =>
      eventually(async () => {
        expect(await pingSocket(node.server.socketPath)).to.include(answer);
      });
    await answers('LOADING');
    const late = await node.start();
    await node.called(4);
    expect(await pingSocket(node.server.socketPath), 'called while it loads').to.include('LOADING');
    const mark = Date.now();
    await answers('PONG');
    // The client that was there before waits for as long as the server had said.
    const fresh = node.server.client();
    report(`loading: ${recovery([await firstVerdict(fresh, node.neighbours, mark)])}`);
    await launched;
    // The other one holds the registry until it ends.
    await node.stop(running);
    await late.logged(({ event }) => event === 'round.finished');
    await node.stop(late);
  });
});
