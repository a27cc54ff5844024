import { expect } from 'chai';
import { keysUnder } from '#src/domain/keys.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { privateRedis, register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const keys = keysUnder('p2p:');
const uuidOf = (i: number): string => `${String(i).repeat(8)}-0000-4000-8000-000000000000`;

describe('sync', () => {
  const shared = privateRedis();
  const peers: Endpoint[] = [];
  let program: Program | undefined;

  afterEach(async () => {
    await program?.clear();
    program = undefined;
    for (const peer of peers.splice(0)) await peer.goDark();
    await shared.redis.config('SET', 'maxmemory', '0');
  });

  const start = (over: object = {}): Program =>
    (program = Program.start(['sync'], {
      config: {
        uuid: US,
        redis: { url: shared.server.url },
        sync: { timeout: '2s' },
        publicIp: { override: '127.0.0.1' },
        network: { allow: ['loopback'] },
        ...over,
      },
    }));
  const sync = async (over: object = {}) => {
    const running = start(over);
    const code = await running.ended();
    return { code, stdout: running.stdout, stderr: running.stderr };
  };
  /** A consumer that answers, as the registry knows it. */
  const peer = async (i: number, known: object = {}): Promise<Endpoint> => {
    const endpoint = await startConsumer({ uuid: uuidOf(i), host: '127.0.0.1' });
    peers.push(endpoint);
    await register(shared.redis, 'consumer', uuidOf(i), { ip: '127.0.0.1', port: endpoint.port, ...known });
    return endpoint;
  };

  it('covers every lane: each consumer is called once, whatever its state and however lately it was checked', async () => {
    const checked = { checked_at: Date.now() + 500 };
    await peer(1, { ...checked, state: 'available', available: 1, failures: 0 });
    await peer(2, { ...checked, state: 'suspect', available: 1, failures: 1 });
    await peer(3, { ...checked, state: 'unavailable', available: 0, failures: 3 });
    await peer(4);
    await peer(5, { ...checked, available: 0, failures: 2, error: 'timeout' });
    await register(shared.redis, 'consumer', US, { ip: '127.0.0.1', port: peers[0]?.port ?? 0 });
    const { code, stdout, stderr } = await sync();
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout)
      .to.match(/ok\s+5/)
      .and.match(/^5 of 5 consumers answered in \d\.\d s$/m);
    expect(peers.map(({ calls }) => calls.length)).to.deep.equal([1, 1, 1, 1, 1]);
    for (const i of [1, 2, 3, 4, 5]) {
      expect(await shared.redis.hget(keys.consumer(uuidOf(i)), 'state')).to.equal('available');
    }
  });

  it('leaves what the daemon says of itself alone', async () => {
    await peer(1);
    await shared.redis.hset(keys.scheduler, { uuid: 'other', version: '9.9.9', isolated: '1' });
    expect((await sync()).code).to.equal(0);
    expect(await shared.redis.hgetall(keys.scheduler)).to.deep.equal({
      uuid: 'other',
      version: '9.9.9',
      isolated: '1',
    });
  });

  it('exits 1 where results could not be stored, and says which and why', async () => {
    await peer(1);
    (await peer(2)).behave({ status: 500 });
    await shared.redis.config('SET', 'maxmemory', '1');
    const { code, stdout, stderr } = await sync();
    expect(code).to.equal(1);
    expect(stdout)
      .to.match(/ok\s+1/)
      .and.match(/http-500\s+1/);
    expect(stderr)
      .to.match(/^could not confirm writing verdicts: the server’s memory is full \(OOM\)/m)
      .and.match(
        new RegExp(`^not stored: what was found of (${uuidOf(1)}, ${uuidOf(2)}|${uuidOf(2)}, ${uuidOf(1)})$`, 'm'),
      );
    await shared.redis.config('SET', 'maxmemory', '0');
    expect(await shared.redis.hget(keys.consumer(uuidOf(1)), 'state')).to.equal(null);
  });

  it('names ten of many that could not be stored', async () => {
    const endpoint = await peer(1);
    for (let i = 0; i < 24; i += 1) {
      const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
      await register(shared.redis, 'consumer', uuid, { ip: '127.0.0.1', port: endpoint.port });
    }
    await shared.redis.config('SET', 'maxmemory', '1');
    const { code, stderr } = await sync();
    expect(code).to.equal(1);
    expect(stderr).to.match(/^not stored: what was found of ([\da-f-]{36}, ){9}[\da-f-]{36} and 15 more$/m);
  });

  it('exits 1 where the registry is lost on the way', async () => {
    const slow = await peer(1);
    slow.behave('silence');
    const running = start();
    await slow.until(({ calls }) => calls.length === 1);
    await shared.redis.config('SET', 'requirepass', 'x');
    await shared.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    expect(await running.ended()).to.equal(1);
    await shared.redis.config('SET', 'requirepass', '');
    expect(running.stderr).to.match(/^not stored: what was found of 11111111-/m);
  });

  describe('lists those that may not be called apart, with the key to change', () => {
    const lan = async (): Promise<void> => {
      await register(shared.redis, 'consumer', uuidOf(6), { ip: '192.168.1.6' });
      await register(shared.redis, 'consumer', uuidOf(7), { ip: '10.1.1.7' });
      await register(shared.redis, 'consumer', uuidOf(8), { ip: '127.0.0.1', port: 'http' });
    };
    const said =
      /consumers? are not called: network\.allow does not permit .*2 private.*; to call them, add private to network\.allow/;

    it('beside others that are called', async () => {
      await peer(1);
      await lan();
      const { code, stdout } = await sync();
      expect(code).to.equal(0);
      expect(stdout)
        .to.match(/1 of 1 consumers answered/)
        .and.match(said);
      expect(stdout).to.include('1 not called: malformed in the registry (address-invalid)');
    });

    it('and exits 1 where nobody could be called, the second time too', async () => {
      await lan();
      for (const time of ['first', 'second']) {
        const { code, stdout, stderr } = await sync();
        expect(code, time).to.equal(1);
        expect(stdout, time).to.match(said);
        expect(stderr, time).to.equal('none of the registered consumers could be called\n');
      }
    });
  });

  it('of an empty registry says how consumers come in, and is no failure', async () => {
    const { code, stdout } = await sync();
    expect(code).to.equal(0);
    expect(stdout).to.match(/the registry has no consumers yet: .*peers add consumer/);
  });

  it('tells where failures say nothing of the peers', async () => {
    for (const i of [1, 2, 3]) (await peer(i)).behave('reset');
    const { code, stdout, stderr } = await sync();
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(/reset\s+3/)
      .and.match(/0 of 3 consumers answered/);
    expect(stderr).to.match(/^warning: no witness answers over loopback IPv4/);
    expect(await shared.redis.hget(keys.consumer(uuidOf(1)), 'failures')).to.equal(null);
  });

  it('ends by a signal as any command does', async () => {
    const slow = await peer(1);
    slow.behave('silence');
    const running = start({ sync: { timeout: '60s' } });
    await slow.until(({ calls }) => calls.length === 1);
    running.child.kill('SIGINT');
    await eventually(() => {
      expect(running.child.signalCode).to.equal('SIGINT');
    });
  });
});
