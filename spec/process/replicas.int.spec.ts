import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { keysUnder } from '#src/domain/keys.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { Producer } from '#swarm/producer.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { register } from '../support/registry.js';
import { scale } from '../support/scale.js';
import { uuidOf } from '../support/soak/orders.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const LEASE_MS = 2_000;
const INTERVAL_MS = 2_000;
const PEERS = 24;
/** What a busy machine may take longer. */
const SLACK_MS = 2_000;
const keys = keysUnder('p2p:');

describe('schedulers that share a registry', function () {
  this.timeout(120_000);
  let server: RedisServer;
  let redis: Redis;
  let peers: Endpoint[];
  let producer: Producer;
  const all: Scheduler[] = [];

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = server.client();
    peers = await Promise.all(
      Array.from({ length: PEERS }, (_, i) => startConsumer({ uuid: uuidOf('c', i), host: '127.0.0.1' })),
    );
    producer = await Producer.start({ host: '127.0.0.1' });
    for (const [i, peer] of peers.entries()) {
      await register(redis, 'consumer', uuidOf('c', i), { ip: '127.0.0.1', port: peer.port });
    }
    await register(redis, 'producer', uuidOf('d', 0), { ip: '127.0.0.1', port: producer.endpoint.port });
  });
  afterEach(async () => {
    for (const one of all.splice(0)) {
      one.signal('SIGCONT');
      await one.kill();
      await one.clear();
    }
    for (const peer of peers) await peer.goDark();
    await producer.endpoint.goDark();
    await server.stop();
  });

  const settings = (name: string, over: object = {}) => ({
    uuid: US,
    redis: { url: server.url },
    sync: { interval: INTERVAL_MS, timeout: '500ms', suspectInterval: '500ms' },
    publicIp: { override: '127.0.0.1' },
    announce: { timeout: '300ms', retry: { initial: '50ms', max: '100ms' } },
    network: { allow: ['loopback'] },
    replicas: { enabled: true, lease: LEASE_MS, name, ...over },
  });
  const start = async (name: string, over: object = {}): Promise<Scheduler> => {
    const one = await Scheduler.start(settings(name, over));
    all.push(one);
    return one;
  };
  const members = async () => {
    const found = await Promise.all(
      (await redis.zrange(keys.replicas, '0', '-1')).map((one) => redis.hgetall(keys.replica(one))),
    );
    return found.map(({ pid, shares, peers: own }) => ({
      pid: Number(pid),
      shares: Number(shares),
      peers: Number(own),
    }));
  };
  /** These have all shares, as evenly as may be. */
  const even = (...expected: readonly Scheduler[]) =>
    eventually(async () => {
      const found = await members();
      expect(found.map(({ pid }) => pid).sort()).to.deep.equal(expected.map(({ pid }) => pid).sort());
      const shares = found.map((one) => one.shares);
      expect(shares.reduce((sum, n) => sum + n, 0)).to.equal(64);
      expect(Math.max(...shares)).to.be.at.most(Math.ceil(64 / expected.length));
    }, 30_000);
  /** Every peer is called by somebody. */
  const allCalled = async () => {
    const before = peers.map(({ calls }) => calls.length);
    await Promise.all(peers.map((peer, i) => peer.until(({ calls }) => calls.length > (before[i] ?? 0), 20_000)));
  };
  /** The times between two calls of the same peer that both fall into a span. */
  const gapsWithin = (from: number, to = Infinity): number[] =>
    peers.flatMap(({ calls }) => {
      const at = calls.map((call) => call.at).filter((one) => one >= from && one <= to);
      return at.slice(1).map((one, i) => one - (at[i] ?? 0));
    });

  it('call each peer about once an interval, each a part of them, and one announces', async () => {
    const [a, b] = [await start('a'), await start('b')];
    await even(a, b);
    await allCalled();
    const from = Date.now();
    while (Date.now() - from < 3 * INTERVAL_MS) await allCalled();
    const gaps = gapsWithin(from);
    expect(Math.min(...gaps)).to.be.at.least(0.4 * INTERVAL_MS);
    expect(Math.max(...gaps)).to.be.at.most(1.2 * INTERVAL_MS + SLACK_MS);
    const found = await members();
    expect(found.reduce((sum, one) => sum + one.peers, 0)).to.equal(PEERS);
    for (const one of found) expect(one.peers).to.be.greaterThan(0);
    const checkedBy = new Set<string | null>();
    for (let i = 0; i < PEERS; i += 1) checkedBy.add(await redis.hget(keys.consumer(uuidOf('c', i)), 'checked_by'));
    expect([...checkedBy].sort()).to.deep.equal(['a', 'b']);
    await producer.endpoint.until(({ calls }) => calls.length >= 1);
    expect(producer.endpoint.calls).to.have.length(1);
    await eventually(async () => {
      const { round_ok: ok, round_failed: failed } = await redis.hgetall(keys.scheduler);
      expect([Number(ok), Number(failed)]).to.deep.equal([PEERS, 0]);
    });
    expect(await a.stop()).to.equal(0);
    expect(await b.stop()).to.equal(0);
    expect(await redis.zcard(keys.replicas)).to.equal(0);
  });

  it('go on where one of three is killed, time and again', async () => {
    const running = [await start('a'), await start('b'), await start('c')];
    await even(...running);
    for (let round = 0; round < 3 * scale; round += 1) {
      await allCalled();
      const [victim] = running.splice(round % 3, 1);
      const at = Date.now();
      await victim?.kill();
      await even(...running);
      expect(Date.now() - at, 'until all is held again').to.be.lessThan(2 * LEASE_MS + SLACK_MS);
      await allCalled();
      const late = 2 * LEASE_MS + INTERVAL_MS + SLACK_MS;
      expect(Math.max(...gapsWithin(at - INTERVAL_MS)), 'between two calls').to.be.lessThan(late);
      running.push(await start(`r${String(round)}`));
      await even(...running);
    }
    for (let i = 0; i < PEERS; i += 1) {
      expect(await redis.hgetall(keys.consumer(uuidOf('c', i)))).to.include({ state: 'available', failures: '0' });
    }
  }).timeout(120_000 * scale);

  it('can be restarted one by one without a missed interval', async () => {
    let running = [await start('a'), await start('b')];
    await even(...running);
    await allCalled();
    const from = Date.now();
    for (const name of ['a', 'b']) {
      const [old, ...others] = running;
      const next = await start(name);
      running = [...others, next];
      expect(await old?.stop()).to.equal(0);
      await even(...running);
    }
    await allCalled();
    expect(Math.max(...gapsWithin(from))).to.be.at.most(1.2 * INTERVAL_MS + SLACK_MS);
  });

  it('one that stands still loses its part, writes nothing of it when it goes on, and gets a part again', async () => {
    const [a, b] = [await start('a'), await start('b')];
    await even(a, b);
    await allCalled();
    a.signal('SIGSTOP');
    await even(b);
    await allCalled();
    a.signal('SIGCONT');
    await even(a, b);
    await allCalled();
    for (let i = 0; i < PEERS; i += 1) {
      expect(await redis.hgetall(keys.consumer(uuidOf('c', i)))).to.include({ state: 'available', failures: '0' });
    }
  });

  it('go on where Redis was killed and came back empty', async () => {
    const [a, b] = [await start('a'), await start('b')];
    await even(a, b);
    await server.kill();
    await server.launch();
    for (const [i, peer] of peers.entries()) {
      await register(redis, 'consumer', uuidOf('c', i), { ip: '127.0.0.1', port: peer.port });
    }
    await even(a, b);
    await allCalled();
    await eventually(async () => {
      for (let i = 0; i < PEERS; i += 1) {
        expect(await redis.hgetall(keys.consumer(uuidOf('c', i)))).to.include({ state: 'available' });
      }
    });
  });

  it('one that divides into another number ends with 2, and names the others', async () => {
    const a = await start('a');
    await even(a);
    const b = await start('b', { shares: 128 });
    expect(await b.ended()).to.equal(2);
    expect(b.output)
      .to.include('replicas.shares is 128 here, and 64 at replica a')
      .and.include(`pid ${String(a.pid)}`);
    await even(a);
  });

  it('one that does not share stands by beside those that do, and they beside it', async () => {
    const a = await start('a', { lead: false });
    await even(a);
    const alone = await start('alone', { enabled: false });
    await alone.logged(({ message }) => message.includes('standing by'));
    await allCalled();
    expect(alone.lines.filter(({ event }) => event?.startsWith('round.'))).to.deep.equal([]);
    expect(await a.stop()).to.equal(0);
    await alone.logged(({ message }) => message.includes('works on the registry'));
    const b = await start('b');
    await b.logged(({ message }) => message.includes('standing by'));
    await allCalled();
    expect(await redis.zcard(keys.replicas)).to.equal(0);
    expect(await alone.stop()).to.equal(0);
    await even(b);
  });

  it('one whose public IP is another gives up its part, says so, and comes back once that is the node’s', async () => {
    const ips = { here: '93.184.216.34', there: '93.184.216.99' };
    let ofB = ips.there;
    const serve = async (ip: () => string) => {
      const service = createServer((_, response) => response.end(ip()));
      await once(service.listen(0, '127.0.0.1'), 'listening');
      return { service, url: `http://127.0.0.1:${(service.address() as AddressInfo).port}/` };
    };
    const services = [await serve(() => ips.here), await serve(() => ofB)] as const;
    try {
      const at = (name: string, url: string, interval = '300ms') => {
        const publicIp = { interval, timeout: '1s', quorum: 1, sources: [{ url }] };
        return { ...settings(name), publicIp, status: { port: 0 } };
      };
      const run = async (name: string, url: string, interval?: string) => {
        const one = await Scheduler.start(at(name, url, interval));
        all.push(one);
        return one;
      };
      const a = await run('a', services[0].url);
      await eventually(async () => {
        expect(await redis.hget(keys.scheduler, 'ip')).to.equal(ips.here);
      });
      // Two polls take two hours, until it is told to poll more often.
      const b = await run('b', services[1].url, '1h');
      await even(a, b);
      await b.reconfigure(at('b', services[1].url));
      const { message } = await b.logged(({ event }) => event === 'replica.elsewhere');
      expect(message).to.include(ips.there).and.include(ips.here);
      await even(a);
      const listening = await b.logged(({ event }) => event === 'status.listening');
      const [base = ''] = /http:\S+/.exec(listening.message) ?? [];
      const ready = await fetch(new URL('/readyz', base));
      expect([ready.status, await ready.text()].join(' ')).to.match(/^503 .*elsewhere/);
      ofB = ips.here;
      await b.logged(({ event }) => event === 'replica.returned');
      await even(a, b);
      expect(await redis.hget(keys.scheduler, 'ip')).to.equal(ips.here);
      expect(producer.endpoint.calls.map(({ body }) => (JSON.parse(body) as { ip: string }).ip)).to.deep.equal([
        ips.here,
      ]);
    } finally {
      for (const { service } of services) {
        service.close();
        service.closeAllConnections();
      }
    }
  });

  it('without its package it ends with 2 and says what to install; where nothing is shared it is not missed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'no-bullmq-'));
    try {
      const hook = join(folder, 'hook.mjs');
      await writeFile(
        hook,
        `export async function resolve(specifier, context, next) {
          if (specifier === 'bullmq') throw Object.assign(new Error('not there'), { code: 'ERR_MODULE_NOT_FOUND' });
          return next(specifier, context);
        }`,
      );
      const register_ = join(folder, 'register.mjs');
      await writeFile(
        register_,
        `import { register } from 'node:module'; register(${JSON.stringify(pathToFileURL(hook).href)});`,
      );
      const env = { NODE_OPTIONS: `--import=${pathToFileURL(register_).href}` };
      const without = await Scheduler.start(settings('a'), env);
      all.push(without);
      expect(await without.ended()).to.equal(2);
      expect(without.output).to.include('npm install bullmq@^6.7.0');
      const alone = await Scheduler.start(settings('a', { enabled: false }), env);
      all.push(alone);
      await allCalled();
      const others = (await redis.keys('p2p:*')).filter((key) => /^p2p:(engine|replicas)/.test(key));
      expect(others).to.deep.equal([]);
      expect(await alone.stop()).to.equal(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
