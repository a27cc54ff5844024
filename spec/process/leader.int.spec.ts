import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { keysUnder } from '#src/domain/keys.js';
import { statusSchema } from '#src/status/schema.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { Producer } from '#swarm/producer.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const OTHER = '99999999-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEER = 'aaaaaaaa-0000-4000-8000-000000000000';
const PRODUCER = 'dddddddd-0000-4000-8000-000000000000';
const LEASE_MS = 2_000;
const keys = keysUnder('p2p:');

describe('several schedulers on one registry', () => {
  let server: RedisServer;
  let redis: Redis;
  let peer: Endpoint;
  let producer: Producer;
  const all: Scheduler[] = [];

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = server.client();
    peer = await startConsumer({ uuid: PEER, host: '127.0.0.1' });
    producer = await Producer.start({ host: '127.0.0.1' });
    await populate();
  });
  afterEach(async () => {
    for (const one of all.splice(0)) {
      one.signal('SIGCONT');
      await one.kill();
      await one.clear();
    }
    await peer.goDark();
    await producer.endpoint.goDark();
    await server.stop();
  });

  const populate = async () => {
    await register(redis, 'consumer', PEER, { ip: '127.0.0.1', port: peer.port });
    await register(redis, 'producer', PRODUCER, { ip: '127.0.0.1', port: producer.endpoint.port });
  };
  /** Redis loses its data, and the API registers its peers before anybody looks. */
  const emptied = () =>
    redis
      .multi()
      .flushall()
      .hset(keys.producer(PRODUCER), { ip: '127.0.0.1', port: producer.endpoint.port })
      .sadd(keys.producers, PRODUCER)
      .exec();
  const settings = (over: object = {}) => ({
    uuid: US,
    redis: { url: server.url },
    sync: { interval: '200ms', timeout: '150ms', suspectInterval: '200ms' },
    publicIp: { override: '127.0.0.1' },
    announce: { timeout: '300ms', retry: { initial: '50ms', max: '100ms' } },
    network: { allow: ['loopback'] },
    replicas: { lease: LEASE_MS },
    ...over,
  });
  const start = async (over: object = {}, command: readonly string[] = ['run']): Promise<Scheduler> => {
    const one = await Scheduler.start(settings(over), {}, command);
    all.push(one);
    return one;
  };
  const works = (one: Scheduler, withinMs?: number) =>
    one.logged(({ message }) => message.includes('this scheduler works on the registry'), withinMs);
  const standsBy = (one: Scheduler) => one.logged(({ message }) => message.includes('standing by'));
  /** One that works, and one that stands by. */
  const pair = async (over: object = {}): Promise<readonly [Scheduler, Scheduler]> => {
    const first = await start();
    await works(first);
    const second = await start(over);
    await standsBy(second);
    return [first, second];
  };
  /** Where its status server answers. */
  const listening = async (one: Scheduler) => {
    const { message } = await one.logged(({ event }) => event === 'status.listening');
    return /http:\S+/.exec(message)?.[0] ?? '';
  };
  const term = async () => Number(/:(\d+)$/.exec((await redis.get(keys.leader)) ?? '')?.[1]);
  const heldBy = async (one: Scheduler) => {
    const state = await redis.hgetall(keys.scheduler);
    expect(state).to.include({ pid: String(one.pid) });
    expect(await redis.get(keys.leader)).to.equal(`${state.instance ?? ''}:${state.term ?? ''}`);
  };
  const isListening = async () => {
    const count = peer.calls.length;
    await peer.until(({ calls }) => calls.length >= count + 2);
  };
  /** Whoever works next has to tell all producers. */
  const forgetTold = () => redis.hdel(keys.scheduler, 'ip');

  it('one works; the other names it, calls nobody and is ready', async () => {
    const [first, second] = await pair({ status: { port: 0 } });
    expect((await standsBy(second)).message).to.match(new RegExp(`pid ${String(first.pid)}, since \\d{4}-`));
    await eventually(() => heldBy(first));
    const ready = await fetch(new URL('/readyz', await listening(second)));
    expect(ready.status).to.equal(200);
    expect(await ready.text()).to.include('standby');
    expect(second.lines.filter(({ event }) => event?.startsWith('round.'))).to.deep.equal([]);
    expect(await second.stop()).to.equal(0);
    await isListening();
    await heldBy(first);
  });

  it('none leads, nor is ready, before Redis was ever there, with shares or without', async () => {
    const away = { redis: { url: `unix://${server.folder}/absent.sock` }, status: { port: 0 } };
    const both = [await start(away), await start({ ...away, replicas: { enabled: true, lease: LEASE_MS } })];
    for (const one of both) {
      const url = await listening(one);
      const ready = await fetch(new URL('/readyz', url));
      expect(ready.status).to.equal(503);
      expect(await ready.text()).to.match(/^\{"status":"not-ready","reasons":\[\{"code":"redis-down"/);
      const status = statusSchema.parse(await (await fetch(new URL('/api/status', url))).json());
      expect(status).to.include({ case: 'redis-down' });
      expect(status.summary).to.not.include('another scheduler');
      expect(status.replicas).to.include({ role: 'standby', holder: null });
      expect(await (await fetch(new URL('/metrics', url))).text()).to.match(/^consumer_scheduler_leader 0$/m);
    }
  });

  it('a standby is not ready while it can’t reach Redis', async () => {
    const [, second] = await pair({ status: { port: 0 } });
    const url = await listening(second);
    server.freeze();
    await eventually(async () => {
      const ready = await fetch(new URL('/readyz', url));
      expect([ready.status, await ready.text()].join(' ')).to.match(/^503 .*"redis-down"/);
    });
    server.thaw();
  });

  it('the other takes over at once from one that was killed on its host', async () => {
    const [first, second] = await pair();
    const before = await term();
    const at = Date.now();
    await first.kill();
    await works(second, 2_000);
    expect(Date.now() - at).to.be.lessThan(2_000);
    expect(await term()).to.be.greaterThan(before);
    await eventually(() => heldBy(second));
    await isListening();
  });

  it('the other takes over within a second of an orderly end', async () => {
    const [first, second] = await pair();
    first.signal('SIGTERM');
    expect(await first.ended()).to.equal(0);
    const at = Date.now();
    await works(second);
    expect(Date.now() - at).to.be.lessThan(1_000);
    expect(first.output).to.not.include('has taken over the registry');
  });

  it('the other takes over from one that stands still, which writes and announces nothing more when it goes on', async () => {
    const [first, second] = await pair();
    await producer.endpoint.until(({ calls }) => calls.length >= 1);
    await eventually(() => heldBy(first));
    await forgetTold();
    const at = Date.now();
    first.signal('SIGSTOP');
    await works(second);
    // The one that stands still may have renewed its lease just before.
    expect(Date.now() - at).to.be.lessThan(2 * LEASE_MS + 1_000);
    await producer.endpoint.until(({ calls }) => calls.length >= 2);
    first.signal('SIGCONT');
    await first.logged(({ message }) => message.includes('has taken over the registry'));
    await eventually(() => heldBy(second));
    await isListening();
    await heldBy(second);
    expect(producer.told.get(US)).to.have.length(2);
    expect(await second.stop()).to.equal(0);
    await eventually(() => heldBy(first));
    await isListening();
  });

  it('the term that a producer hears never falls, also where Redis was emptied', async () => {
    const [first, second] = await pair();
    await producer.endpoint.until(({ calls }) => calls.length >= 1);
    await forgetTold();
    await first.kill();
    await producer.endpoint.until(({ calls }) => calls.length >= 2);
    await emptied();
    await producer.endpoint.until(({ calls }) => calls.length >= 3);
    await standsBy(await start());
    await emptied();
    await producer.endpoint.until(({ calls }) => calls.length >= 4);
    expect(await second.stop()).to.equal(0);
    await emptied();
    await producer.endpoint.until(({ calls }) => calls.length >= 5);
    const terms = producer.endpoint.calls.map(({ headers }) => Number(headers['x-consumer-term']));
    expect(terms).to.deep.equal([...terms].sort((a, b) => a - b));
    expect(new Set(terms).size).to.equal(5);
    expect(producer.told.get(US), 'none was answered with 409').to.have.length(5);
  });

  it('an answer of 409 is a failure like any other: it is tried again', async () => {
    await fetch(`http://127.0.0.1:${String(producer.endpoint.port)}/ip`, {
      method: 'POST',
      headers: { 'x-consumer-term': '99999999999', 'content-type': 'application/json' },
      body: JSON.stringify({ uuid: US, ip: '127.0.0.1' }),
    });
    const one = await start();
    await producer.endpoint.until(({ calls }) => calls.length >= 4);
    await eventually(async () => {
      expect(await redis.hgetall(keys.producer(PRODUCER))).to.include({ error: 'http-409' });
    });
    expect(await redis.zcard(keys.announcements)).to.equal(1);
    expect(await one.stop()).to.equal(0);
  });

  it('one of another UUID ends with 2, and names the holder', async () => {
    const first = await start();
    await works(first);
    const second = await start({ uuid: OTHER });
    expect(await second.ended()).to.equal(2);
    expect(second.output)
      .to.include(US)
      .and.include(`pid ${String(first.pid)}`)
      .and.include('host ');
    await isListening();
    await heldBy(first);
  });

  it('one of another UUID takes over where the holder was killed', async () => {
    const first = await start();
    await works(first);
    await first.kill();
    await works(await start({ uuid: OTHER }));
  });

  it('one that is not to wait ends with 1', async () => {
    const first = await start();
    await works(first);
    const second = await start({ replicas: { lease: LEASE_MS, onForeign: 'refuse' } });
    expect(await second.ended()).to.equal(1);
    expect(second.output).to.include(`pid ${String(first.pid)}`);
  });

  it('a Redis that was killed and came back empty leaves the work where it was', async () => {
    const [first, second] = await pair();
    const before = await term();
    await server.kill();
    await server.launch();
    await eventually(async () => {
      expect(await term()).to.be.greaterThan(before);
    });
    await populate();
    await isListening();
    await eventually(() => heldBy(first));
    expect(second.output).to.not.include('works on the registry (term');
    expect(first.output).to.not.include('has taken over');
  });

  it('where Redis has no memory left it checks, says so once, and has it all written afterwards', async () => {
    await redis.config('SET', 'maxmemory', '1');
    const one = await start();
    const { message } = await one.logged(
      (line) => line.message.includes('can’t be taken') || line.message.includes("can't be taken"),
    );
    expect(message).to.include('OOM');
    await isListening();
    expect(await redis.hgetall(keys.consumer(PEER))).to.not.have.property('state');
    expect(producer.endpoint.calls).to.have.length(0);
    await redis.config('SET', 'maxmemory', '0');
    await works(one);
    await eventually(async () => {
      expect(await redis.hgetall(keys.consumer(PEER))).to.include({ state: 'available' });
    });
    await producer.endpoint.until(({ calls }) => calls.length >= 1);
    expect(one.lines.filter((line) => line.message.includes('be taken:'))).to.have.length(1);
  });

  it('where its user may not touch the lease it checks, and says so once', async () => {
    await redis.call('ACL', 'SETUSER', 'default', 'resetkeys', '~p2p:[^l]*');
    const one = await start();
    await one.logged((line) => line.message.includes('be taken:'));
    await isListening();
    expect(producer.endpoint.calls).to.have.length(0);
    expect(one.lines.filter((line) => line.message.includes('be taken:'))).to.have.length(1);
    await redis.call('ACL', 'SETUSER', 'default', 'allkeys');
    await works(one);
    await eventually(() => heldBy(one));
  });

  it('where the key of the lease is somebody else’s it checks, says so once, and leaves the key alone', async () => {
    await redis.rpush(keys.leader, 'others');
    const one = await start();
    await one.logged((line) => line.message.includes('be taken:'));
    await isListening();
    await isListening();
    expect(one.lines.filter((line) => line.message.includes('be taken:'))).to.have.length(1);
    expect(one.lines.length).to.be.lessThan(40);
    expect(await redis.lrange(keys.leader, 0, -1)).to.deep.equal(['others']);
    expect(await one.stop()).to.equal(0);
  });

  describe('sync', () => {
    it('beside a daemon of its own UUID warns, writes its results, and leaves the state alone', async () => {
      const daemon = await start({ sync: { interval: '1h' } });
      await works(daemon);
      await eventually(async () => {
        expect(await redis.hgetall(keys.consumer(PEER))).to.include({ state: 'available' });
        await heldBy(daemon);
      });
      await redis.hdel(keys.consumer(PEER), 'state', 'checked_at');
      const one = await start({}, ['sync']);
      expect(await one.ended()).to.equal(0);
      expect(one.output)
        .to.include('warning: the scheduler on host')
        .and.include(`pid ${String(daemon.pid)}`);
      expect(await redis.hgetall(keys.consumer(PEER))).to.include({ state: 'available' });
      await heldBy(daemon);
    });

    it('beside a daemon of another UUID ends with 2, and calls nobody', async () => {
      const daemon = await start({ sync: { interval: '1h' } });
      await works(daemon);
      await peer.until(({ calls }) => calls.length >= 1);
      const one = await start({ uuid: OTHER }, ['sync']);
      expect(await one.ended()).to.equal(2);
      expect(one.output).to.include(US);
      expect(peer.calls).to.have.length(1);
    });

    it('goes by no key that is no lease', async () => {
      for (const step of [() => redis.set(keys.leader, 'x:7'), () => redis.rpush(keys.leader, 'others')]) {
        await redis.del(keys.leader);
        await step();
        const one = await start({}, ['sync']);
        expect(await one.ended(), one.output).to.equal(0);
        expect(one.output).to.not.include('works on this registry too');
      }
    });
  });
});
