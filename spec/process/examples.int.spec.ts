import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keysUnder } from '#src/domain/keys.js';
import { Scheduler } from '#swarm/scheduler.js';
import { ROOT } from '../support/clone.js';
import { eventually } from '../support/eventually.js';
import { Example } from '../support/example.js';
import { privateRedis, register } from '../support/registry.js';

const A = 'aaaaaaaa-0000-4000-8000-000000000000';
const B = 'bbbbbbbb-0000-4000-8000-000000000000';
const PRODUCER = 'cccccccc-0000-4000-8000-000000000000';
const SECRET = 'a secret of this network';
const [ofA, ofB] = [keysUnder('a:'), keysUnder('b:')];

/** Two nodes that have a database in common, each under a prefix of its own. */
describe('the examples', function () {
  this.timeout(60_000);
  const shared = privateRedis();
  const running: { stop(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop();
  });

  const example = async (name: string, env: NodeJS.ProcessEnv = {}): Promise<Example> => {
    const started = await Example.start(name, env);
    running.push(started);
    return started;
  };
  const api = (secret = ''): Promise<Example> =>
    example('consumer-api.mjs', {
      LOCAL_UUID: B,
      REDIS_URL: shared.server.url,
      KEY_PREFIX: 'b:',
      SIGNING_SECRET: secret,
    });
  const scheduler = async (over: object = {}): Promise<Scheduler> => {
    const started = await Scheduler.start({
      uuid: A,
      redis: { url: shared.server.url, keyPrefix: 'a:' },
      publicIp: { override: '127.0.0.1' },
      network: { allow: ['loopback'] },
      sync: { interval: '500ms' },
      ...over,
    });
    running.push(started);
    return started;
  };
  const known = (producer: Example): Record<string, { ip: string; term: number }> =>
    JSON.parse(readFileSync(producer.store, 'utf8')) as Record<string, { ip: string; term: number }>;

  it('are each shorter than 60 lines, and named in their README', () => {
    const names = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.mjs'));
    const readme = readFileSync(join(ROOT, 'examples/README.md'), 'utf8');
    expect(names).to.have.members(['consumer-api.mjs', 'producer.mjs']);
    for (const name of names) {
      expect(readFileSync(join(ROOT, 'examples', name), 'utf8').split('\n'), name).to.have.length.below(60);
      expect(readme).to.include(`node examples/${name}`);
    }
  });

  it('make a node known to another one by its scheduler’s call, and available to it', async () => {
    const { port } = await api();
    await register(shared.redis, 'consumer', B, { ip: '127.0.0.1', port }, ofA);
    await scheduler();
    await eventually(async () => {
      expect(await shared.redis.hget(ofA.consumer(B), 'state')).to.equal('available');
      expect(await shared.redis.hgetall(ofB.consumer(A)))
        .to.include({ ip: '127.0.0.1' })
        .and.have.property('last_seen');
      expect(await shared.redis.smembers(ofB.consumers)).to.deep.equal([A]);
    });
  });

  it('store the address that a producer is told, and tell it again after a restart', async () => {
    const producer = await example('producer.mjs');
    await register(shared.redis, 'producer', PRODUCER, { ip: '127.0.0.1', port: producer.port }, ofA);
    const daemon = await scheduler();
    await eventually(async () => {
      expect(await shared.redis.hget(ofA.producer(PRODUCER), 'notified_ip')).to.equal('127.0.0.1');
    });
    expect(known(producer)[A]).to.include({ ip: '127.0.0.1' });
    await daemon.reconfigure({
      uuid: A,
      redis: { url: shared.server.url, keyPrefix: 'a:' },
      publicIp: { override: '127.0.0.9' },
      network: { allow: ['loopback'] },
    });
    await eventually(() => {
      expect(known(producer)[A]).to.include({ ip: '127.0.0.9' });
    });
  });

  it('work with a secret, keep the term that was signed, and refuse who has another secret', async () => {
    const [{ port }, producer] = [await api(SECRET), await example('producer.mjs', { SIGNING_SECRET: SECRET })];
    await register(shared.redis, 'consumer', B, { ip: '127.0.0.1', port }, ofA);
    await register(shared.redis, 'producer', PRODUCER, { ip: '127.0.0.1', port: producer.port }, ofA);
    const daemon = await scheduler({ http: { signing: { secret: 'another secret of somebody' } } });
    await eventually(async () => {
      expect(await shared.redis.hget(ofA.consumer(B), 'error')).to.equal('http-401');
      expect(await shared.redis.hget(ofA.producer(PRODUCER), 'error')).to.equal('http-401');
    });
    await daemon.stop();
    await scheduler({ http: { signing: { secret: SECRET } } });
    await eventually(async () => {
      expect(await shared.redis.hget(ofA.consumer(B), 'state')).to.equal('available');
      expect(known(producer)[A]?.term).to.equal(Number(await shared.redis.hget(ofA.scheduler, 'term')));
    });
  });

  it('end at a signal, and say what is missing', async () => {
    const [consumer, producer] = [await api(), await example('producer.mjs')];
    running.length = 0;
    expect([await consumer.stop(), await producer.stop()]).to.deep.equal([0, 0]);
    const failure: unknown = await Example.start('consumer-api.mjs', { LOCAL_UUID: '' }).catch((one: unknown) => one);
    expect(String(failure)).to.include('LOCAL_UUID: expected the UUID of this node');
  });
});
