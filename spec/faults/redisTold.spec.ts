import { expect } from 'chai';
import { pingSocket } from '#src/clients/pingSocket.js';
import type { Scheduler } from '#swarm/scheduler.js';
import { Besieged } from '../support/besieged.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/freePort.js';
import { settled } from '../support/outage.js';

/** What the operator is told of Redis: why it can't be used in its own words, and that once. */
describe('the log of Redis’ faults', () => {
  const node = new Besieged();
  const troubles = ({ lines }: Scheduler): readonly string[] =>
    lines.filter(({ event }) => event === 'redis.down' || event === 'redis.failed').map(({ message }) => message);

  it('says that it is a replica, and does not go on saying so', async () => {
    await node.serve();
    const running = await node.start();
    await settled(node.redis, node.neighbours);
    await node.redis.replicaof('127.0.0.1', 1);
    await node.called(60);
    const told = troubles(running);
    expect(told.join('\n')).to.include('READONLY');
    // Each of these can fail once: reading, two ways of announcing, three records; and Redis may be away.
    expect(told, told.join('\n')).to.have.length.of.at.most(7);
    await node.stop(running);
  });

  it('says that it is loading', async () => {
    await node.serve('--key-load-delay', '2000', '--loading-process-events-interval-bytes', '1024');
    await node.redis.mset(Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`other:${i}`, 'x'.repeat(50)])));
    await node.redis.save();
    await node.server.kill();
    const launched = node.server.launch();
    await eventually(async () => {
      expect(await pingSocket(node.server.socketPath)).to.include('LOADING');
    });
    const running = await node.start();
    await running.logged(({ event }) => event === 'round.finished', 30_000);
    await launched;
    expect(troubles(running).join('\n')).to.match(/loading/i);
    await node.stop(running);
  });

  it('says that it wants a password that was set while we were connected', async () => {
    await node.serve();
    const running = await node.start();
    await settled(node.redis, node.neighbours);
    await node.redis.config('SET', 'requirepass', 'another');
    await node.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await running.logged(({ message }) => message.includes('NOAUTH'));
    await node.redis.config('SET', 'requirepass', '');
    await settled(node.redis, node.neighbours);
    await node.stop(running);
  });

  it('says what is wrong in our own words, without those of a library, and once', async () => {
    const port = await freePort();
    await node.serve('--port', String(port), '--bind', '127.0.0.1', '--maxclients', '100');
    await node.redis.config('SET', 'maxclients', '1');
    const running = await node.start(`redis://127.0.0.1:${port}`);
    const refused = async (): Promise<number> => {
      const [, times = '0'] = /rejected_connections:(\d+)/.exec(await node.redis.info('stats')) ?? [];
      return Number(times);
    };
    await eventually(async () => {
      expect(await refused()).to.be.at.least(8);
    });
    expect(troubles(running)).to.deep.equal([
      "Redis can't be used: the server has as many clients as it allows: raise its maxclients, or see who holds so many",
    ]);
    await node.redis.config('SET', 'maxclients', '100');
    await settled(node.redis, node.neighbours);
    await node.stop(running);
    expect(running.output).to.not.match(/report|library/);
  });

  it('is not mixed with a library’s words where we have a password that it does not want', async () => {
    const port = await freePort();
    await node.serve('--port', String(port), '--bind', '127.0.0.1');
    const running = await node.start(`redis://:planted-secret@127.0.0.1:${port}`);
    await settled(node.redis, node.neighbours);
    await node.stop(running);
  });
});
