import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { keysUnder } from '#src/domain/keys.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { Producer } from '#swarm/producer.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { register } from '../support/registry.js';
import { eventually } from '../support/eventually.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEERS = ['a', 'b', 'c'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`);
const PRODUCERS = ['d', 'e'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`);
const keys = keysUnder('p2p:');

describe('node dist/main.js run', () => {
  let server: RedisServer;
  let redis: Redis;
  let consumers: Endpoint[] = [];
  let producers: Producer[] = [];
  let scheduler: Scheduler | undefined;

  const settings = (over: object = {}) => ({
    uuid: US,
    redis: { url: server.url },
    sync: { interval: '150ms', timeout: '100ms', suspectInterval: '100ms', unavailable: { interval: '150ms' } },
    publicIp: { override: '127.0.0.1' },
    announce: { timeout: '1s', retry: { initial: '50ms', max: '200ms' } },
    network: { allow: ['loopback'] },
    ...over,
  });
  const start = async (over: object = {}, env: NodeJS.ProcessEnv = {}): Promise<Scheduler> =>
    (scheduler = await Scheduler.start(settings(over), env));
  const consumer = (i: number) => redis.hgetall(keys.consumer(PEERS[i] ?? ''));
  const producer = (i: number) => redis.hgetall(keys.producer(PRODUCERS[i] ?? ''));

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = server.client();
    consumers = await Promise.all(PEERS.map((uuid) => startConsumer({ uuid, host: '127.0.0.1' })));
    producers = await Promise.all(PRODUCERS.map(() => Producer.start({ host: '127.0.0.1' })));
    for (const [i, { port }] of consumers.entries()) {
      await register(redis, 'consumer', PEERS[i] ?? '', { ip: '127.0.0.1', port });
    }
    for (const [i, { endpoint }] of producers.entries()) {
      await register(redis, 'producer', PRODUCERS[i] ?? '', { ip: '127.0.0.1', port: endpoint.port });
    }
  });

  afterEach(async () => {
    await scheduler?.kill();
    await scheduler?.clear();
    scheduler = undefined;
    for (const endpoint of [...consumers, ...producers.map((one) => one.endpoint)]) await endpoint.goDark();
    await server.stop();
  });

  it('calls every consumer but ourselves, as the protocol says, and writes what it found', async () => {
    await register(redis, 'consumer', US, { ip: '127.0.0.1', port: consumers[0]?.port ?? 0 });
    await start({ sync: { ...settings().sync, headers: { authorization: 'Bearer planted' } } });
    await Promise.all(consumers.map((endpoint) => endpoint.until(({ calls }) => calls.length >= 2)));
    const [call] = consumers[0]?.calls ?? [];
    expect(JSON.parse(call?.body ?? '')).to.deep.equal({ uuid: US, ip: '127.0.0.1' });
    expect(call?.headers).to.include({
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: 'Bearer planted',
    });
    expect(call?.headers['user-agent']).to.match(/^consumer-scheduler\/\d+\.\d+\.\d+$/);
    await eventually(async () => {
      expect(await consumer(0)).to.include({ available: '1', state: 'available', failures: '0' });
    });
    expect(await redis.hgetall(keys.consumer(US))).to.not.have.property('state');
    await eventually(async () => {
      expect(await redis.hgetall(keys.scheduler)).to.include({
        uuid: US,
        round_ok: '3',
        round_failed: '0',
        isolated: '0',
      });
    });
  });

  it('notices a peer that dies, checks it in its own lane, and notices that it is back', async () => {
    const running = await start();
    await eventually(async () => {
      expect(await consumer(1)).to.include({ state: 'available' });
    });
    await consumers[1]?.goDark();
    await eventually(async () => {
      expect(await consumer(1)).to.include({ available: '0', state: 'unavailable', error: 'refused', failures: '3' });
    });
    await running.logged(({ message }) => message.includes('is unavailable, was suspect (refused)'));
    await consumers[1]?.comeBack();
    await eventually(async () => {
      expect(await consumer(1)).to.include({ available: '1', state: 'available', failures: '0' });
    });
    expect(await consumer(1)).to.not.have.property('error');
    await eventually(async () => {
      const types = (await redis.xrange(keys.events, '-', '+')).map(([, fields]) => fields[1]);
      expect(types).to.include.members(['peer.available', 'peer.suspect', 'peer.unavailable']);
    });
  });

  it('an address that answers in another name is not that peer', async () => {
    consumers[2]?.behave('wrong-identity');
    await start();
    await eventually(async () => {
      expect(await consumer(2)).to.include({ state: 'unavailable', error: 'identity-mismatch' });
    });
  });

  it('what can’t be called is reportedFault and named once', async () => {
    await redis.hset(keys.consumer(PEERS[0] ?? ''), { ip: '10.1.2.3' });
    await redis.hset(keys.consumer(PEERS[1] ?? ''), { ip: 'peer.example' });
    const running = await start();
    await consumers[2]?.until(({ calls }) => calls.length >= 4);
    expect(await consumer(0)).to.include({ available: '0', error: 'address-denied' });
    expect(await consumer(1)).to.include({ available: '0', error: 'address-invalid' });
    const named = running.lines.filter(({ event }) => event === 'peer.malformed' || event === 'peer.denied');
    expect(named.map(({ message }) => message.includes('is not called'))).to.deep.equal([true, true]);
  });

  it('announces a change of the IP to every producer once, and nothing after a restart without one', async () => {
    const running = await start();
    await running.logged(({ event }) => event === 'announcements.complete');
    expect(producers.map(({ told }) => told.get(US))).to.deep.equal([['127.0.0.1'], ['127.0.0.1']]);
    expect(await producer(0)).to.include({ notified_ip: '127.0.0.1', attempts: '1' });
    expect(await running.stop()).to.equal(0);

    const again = await start();
    await again.logged(({ event }) => event === 'round.finished');
    expect(await again.stop()).to.equal(0);
    expect(producers.map(({ told }) => told.get(US)?.length)).to.deep.equal([1, 1]);

    const moved = await start({ publicIp: { override: '127.0.0.2' } });
    await moved.logged(({ event }) => event === 'announcements.complete');
    expect(producers.map(({ told }) => told.get(US))).to.deep.equal([
      ['127.0.0.1', '127.0.0.2'],
      ['127.0.0.1', '127.0.0.2'],
    ]);
  });

  it('goes on with a producer that failed, across a restart, without waiting for the others', async () => {
    producers[0]?.endpoint.behave({ status: 500 });
    const running = await start();
    await producers[1]?.endpoint.until(({ calls }) => calls.length >= 1);
    await producers[0]?.endpoint.until(({ calls }) => calls.length >= 2);
    await eventually(async () => {
      expect(await redis.zcard(keys.announcements)).to.equal(1);
    });
    await running.kill();
    expect(await redis.zrange(keys.announcements, 0, '-1')).to.deep.equal([PRODUCERS[0]]);
    expect(await producer(0))
      .to.include({ error: 'http-500' })
      .and.not.have.property('notified_ip');
    producers[0]?.endpoint.behave('well');
    const again = await start();
    await again.logged(({ event }) => event === 'announcements.complete', 20_000);
    expect(producers[0]?.told.get(US)).to.deep.equal(['127.0.0.1']);
    expect(producers[1]?.told.get(US)).to.have.length(1);
  });

  it('takes a changed configuration at once, ignores an invalid one, and names what needs a restart', async () => {
    const running = await start({ publicIp: { override: '127.0.0.1' } });
    await running.logged(({ event }) => event === 'announcements.complete');
    await running.reconfigure(settings({ publicIp: { override: '127.0.0.9' } }));
    await producers[0]?.endpoint.until(() => producers[0]?.told.get(US)?.at(-1) === '127.0.0.9');

    await running.reconfigure({ ...settings(), syncc: 1 });
    const rejected = await running.logged(({ event }) => event === 'config.rejected');
    expect(rejected.message).to.match(/syncc: unknown key; did you mean sync\?/);
    const calls = consumers[0]?.calls.length ?? 0;
    await consumers[0]?.until((endpoint) => endpoint.calls.length > calls);

    await running.reconfigure(settings({ redis: { url: server.url, keyPrefix: 'other:' } }));
    expect((await running.logged(({ event }) => event === 'config.needs-restart')).message).to.include(
      'redis.keyPrefix',
    );
  });

  it('names at the start a small duration without a unit, and a text in quotes that nothing took off', async () => {
    const { sync } = settings();
    const variable = 'CONSUMER_SCHEDULER__HTTP__SIGNING__SECRET';
    const running = await start({ sync: { ...sync, interval: 150 } }, { [variable]: "'planted planted planted'" });
    await running.logged(({ event }) => event === 'round.finished');
    const told = running.lines.filter(({ event }) => event === 'config.warning').map(({ message }) => message);
    expect(told).to.have.length(2);
    expect(told[0]).to.match(/^sync\.interval: 150 is 150 milliseconds/);
    expect(told[1]).to.match(/^http\.signing\.secret: the quotes/);
  });

  it('keeps what it has where the file is truncated or gone, says so, and goes on when its text is back', async () => {
    const { uuid, ...rest } = settings();
    const running = await Scheduler.start(rest, { LOCAL_UUID: uuid });
    scheduler = running;
    await running.logged(({ event }) => event === 'announcements.complete');
    const rejected = (problem: string) =>
      running.logged(({ event, message }) => event === 'config.rejected' && message.includes(problem));
    const goesOn = async (): Promise<void> => {
      const before = consumers[0]?.calls.length ?? 0;
      await consumers[0]?.until(({ calls }) => calls.length > before + 1);
      // As it would be under the defaults, which allow no loopback.
      expect((await consumer(0)).error).to.not.equal('address-denied');
    };

    await running.reconfigure('');
    await rejected('the file has no settings');
    await goesOn();
    await running.reconfigure(rest);
    await rm(join(running.folder, 'config.json'));
    await rejected('no such file');
    await goesOn();
    await running.reconfigure({ ...rest, log: { level: 'debug' } });
    await running.logged(({ level }) => level === 'debug');
    const told = running.lines.filter(({ event }) => event?.startsWith('config.')).map(({ event }) => event);
    expect(told).to.deep.equal(['config.rejected', 'config.rejected', 'config.reloaded']);
  });

  it('names a duration in milliseconds that a change of the file brings, once', async () => {
    const running = await start();
    const { sync } = settings();
    const named = () => running.lines.filter(({ event }) => event === 'config.warning');
    await running.logged(({ event }) => event === 'round.finished');
    await running.reconfigure(settings({ sync: { ...sync, interval: 100 } }));
    await running.logged(({ message }) => message.includes('sync.interval: 100 is 100 milliseconds'));
    await running.reconfigure(settings({ sync: { ...sync, interval: 100 }, log: { level: 'debug' } }));
    await running.logged(({ level }) => level === 'debug');
    expect(named()).to.have.length(1);
  });

  it('SIGHUP reads it again', async () => {
    const running = await start();
    await running.logged(({ event }) => event === 'round.finished');
    await running.reconfigure(settings({ log: { level: 'debug' } }));
    running.signal('SIGHUP');
    await running.logged(({ level }) => level === 'debug');
  });

  it('waits for a Redis that is not there yet, and begins when it comes', async () => {
    await server.kill();
    const running = await start();
    await running.logged(({ event }) => event === 'redis.down');
    await server.launch();
    await running.logged(({ event }) => event === 'redis.up');
    await running.logged(({ event }) => event === 'round.finished');
  });

  it('goes on calling while Redis is away, and writes what it found when it is back', async () => {
    const running = await start();
    await running.logged(({ event }) => event === 'round.finished');
    await server.kill();
    await running.logged(({ event }) => event === 'redis.down');
    await consumers[2]?.goDark();
    const calls = consumers[0]?.calls.length ?? 0;
    await consumers[0]?.until((endpoint) => endpoint.calls.length >= calls + 3);
    await server.launch();
    for (const [i, { port }] of consumers.entries()) {
      await register(redis, 'consumer', PEERS[i] ?? '', { ip: '127.0.0.1', port });
    }
    await eventually(async () => {
      expect(await consumer(0)).to.include({ available: '1' });
      expect(await consumer(2)).to.include({ available: '0' });
    });
  });

  it('on SIGTERM finishes what is in flight, asks for nothing more, and exits 0', async () => {
    consumers[0]?.behave({ lateByMs: 400 });
    const running = await start({ sync: { ...settings().sync, timeout: '2s', interval: '20s' } });
    await consumers[0]?.until(({ calls }) => calls.length === 1);
    expect(await running.stop()).to.equal(0);
    expect(await consumer(0)).to.include({ state: 'available' });
    expect(running.lines.map(({ event }) => event)).to.include('process.stopping');
    expect(running.lines.at(-1)?.message).to.equal('stopped');
  });

  it('gives up what outlasts the grace', async () => {
    consumers[0]?.behave('silence');
    const running = await start({ sync: { ...settings().sync, timeout: '60s' }, shutdown: { grace: '100ms' } });
    await consumers[0]?.until(({ calls }) => calls.length === 1);
    expect(await running.stop()).to.equal(0);
    expect(await consumer(0)).to.not.have.property('state');
  });

  it('a second signal ends it at once, with 130', async () => {
    consumers[0]?.behave('silence');
    const running = await start({ sync: { ...settings().sync, timeout: '60s' }, shutdown: { grace: '60s' } });
    await consumers[0]?.until(({ calls }) => calls.length === 1);
    running.signal('SIGINT');
    await running.logged(({ event }) => event === 'process.stopping');
    running.signal('SIGINT');
    expect(await running.ended()).to.equal(130);
  });

  it('a tick during a round is skipped, never overlaps, and is told', async () => {
    consumers[0]?.behave({ lateByMs: 300 });
    const running = await start({ sync: { ...settings().sync, timeout: '1s', interval: '60ms', jitter: 0 } });
    await running.logged(({ event }) => event === 'round.skipped');
    await consumers[0]?.until(({ calls }) => calls.length >= 3);
    expect(consumers[0]?.mostAtOnce).to.equal(1);
  });

  it('dead peers, however many and however slow, never delay the living', async () => {
    const dead = await startConsumer({ uuid: US, host: '127.0.0.1' });
    dead.behave('silence');
    for (let i = 0; i < 50; i += 1) {
      await register(redis, 'consumer', `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`, {
        ip: '127.0.0.1',
        port: dead.port,
        state: 'unavailable',
        available: 0,
        failures: 3,
        checked_at: 1,
      });
    }
    const slots = 3;
    const unavailable = { interval: '150ms', concurrency: slots };
    const sync = { interval: '150ms', timeout: '400ms', concurrency: 2, unavailable };
    await start({ sync });
    await dead.until(({ calls }) => calls.length >= 9);
    // By then the lane of the dead has had its slots full for three timeouts.
    expect(dead.mostAtOnce).to.equal(slots);
    for (const living of consumers) {
      await living.until(({ calls }) => calls.length >= 6);
      const { calls } = living;
      // Each call of the dead takes a timeout, so they are a clock that stands still when the machine does.
      const between = calls.slice(1).map(({ at: end }, i) => {
        const begin = calls[i]?.at ?? 0;
        return dead.calls.filter(({ at }) => at > begin && at <= end).length;
      });
      between.sort((a, b) => a - b);
      expect(between[Math.floor(between.length / 2)], 'usually').to.be.at.most(slots);
      expect(between.at(-1), 'at most').to.be.at.most(2 * slots);
    }
    await dead.goDark();
  });

  it('paces the calls of a round over its share of the interval', async () => {
    await start({ sync: { ...settings().sync, interval: '900ms', jitter: 0, spread: 0.9 } });
    // The first look at a peer is not paced.
    await Promise.all(consumers.map((endpoint) => endpoint.until(({ calls }) => calls.length >= 2)));
    const second = consumers.map(({ calls }) => calls[1]?.at ?? 0).sort((a, b) => a - b);
    expect((second.at(-1) ?? 0) - (second[0] ?? 0)).to.be.within(400, 900);
  });

  it('starts a Redis of its own, which ends with it', async () => {
    const running = await start({ redis: { url: 'embedded' } });
    await running.logged(({ event }) => event === 'round.finished');
    expect(await running.stop()).to.equal(0);
  });

  it('signs every call where there is a secret', async () => {
    await consumers[0]?.goDark();
    const signed = await startConsumer({ uuid: PEERS[0] ?? '', host: '127.0.0.1', secret: 'a secret of ours' });
    consumers[0] = signed;
    await redis.hset(keys.consumer(PEERS[0] ?? ''), { port: signed.port });
    await start({ http: { signing: { secret: 'a secret of ours' } } });
    await eventually(async () => {
      expect(await consumer(0)).to.include({ state: 'available' });
    });
  });
});

describe('node dist/main.js, misused', () => {
  const failing = async (config: object, command?: readonly string[]) => {
    const run = await Scheduler.start(config, {}, command);
    const code = await run.ended();
    await run.clear();
    return { code, output: run.output };
  };

  it('exits 2 and names every bad key', async () => {
    const { code, output } = await failing({ uuid: 'x', sync: { interval: 'often', tiemout: '5s' } });
    expect(code).to.equal(2);
    expect(output).to.include('uuid: expected a UUID');
    expect(output).to.match(/sync\.interval: expected a duration .*config\.json/);
    expect(output).to.include('sync.tiemout: unknown key; did you mean sync.timeout?');
  });

  it('exits 2 for a command that there is not', async () => {
    expect((await failing({ uuid: US }, ['dance'])).code).to.equal(2);
  });

  it('exits 1 where the embedded Redis can’t be started', async () => {
    const child = await Scheduler.start({ uuid: US, redis: { url: 'embedded' } }, { REDIS_SERVER: '/nonexistent' });
    expect(await child.ended()).to.equal(1);
    expect(child.output).to.match(/REDIS_SERVER/);
    await child.clear();
  });
});
