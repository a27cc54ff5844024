import type { Redis } from 'ioredis';
import { keysUnder } from '#src/domain/keys.js';
import { version } from '#src/version.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { privateRedis, register } from '../support/registry.js';
import { Transcript } from '../support/transcript.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEER = 'aaaaaaaa-0000-4000-8000-000000000000';
const OTHER = 'bbbbbbbb-0000-4000-8000-000000000000';
const THIRD = 'cccccccc-0000-4000-8000-000000000000';
const AT = 1_767_225_600_000;
const AHEAD = 4_000_000_000_000;
const keys = keysUnder('p2p:');

describe('what operators read', function () {
  this.timeout(120_000);
  const shared = privateRedis();
  let redis: Redis;
  let transcript: Transcript;
  const peers: Endpoint[] = [];

  beforeEach(() => {
    ({ redis } = shared);
    transcript = new Transcript();
    transcript.hide(shared.server.socketPath, '/run/redis.sock');
  });
  afterEach(async () => {
    for (const peer of peers.splice(0)) await peer.goDark();
    await redis.config('SET', 'maxmemory', '0');
  });

  const config = (over: object = {}) => ({
    uuid: US,
    redis: { url: shared.server.url },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
    ...over,
  });
  const peer = async (uuid: string, behaviour?: Parameters<Endpoint['behave']>[0]): Promise<void> => {
    const endpoint = await startConsumer({ uuid, host: '127.0.0.1' });
    if (behaviour !== undefined) endpoint.behave(behaviour);
    peers.push(endpoint);
    await register(redis, 'consumer', uuid, { ip: '127.0.0.1', port: endpoint.port });
  };

  it('help', async () => {
    transcript.hide(version, 'VERSION');
    const daemon = [
      'run',
      'init',
      'sync',
      'check-config',
      'plan',
      'doctor',
      'status',
      'events',
      'health',
      'conformance',
      'completion',
    ];
    const peersOf = ['list', 'show', 'export', 'import', 'add', 'remove'].map((name) => `peers ${name}`);
    const commands = [...daemon, 'notify', 'notify test', 'peers', ...peersOf];
    await transcript.run(['--help']);
    for (const command of commands) await transcript.run([...command.split(' '), '--help']);
    await transcript.run(['--version']);
    transcript.expectUnchanged('help');
  });

  it('of words that make no sense', async () => {
    const commands = ['snyc', 'dance', 'run sync', '--jsn', 'peers', 'peers lst', 'peers add consumer'];
    for (const command of commands) await transcript.run(command.split(' '));
    transcript.expectUnchanged('usage');
  });

  it('check-config', async () => {
    const tree = { uuid: US, redis: { url: 'redis://me:secret@127.0.0.1/0' }, sync: { interval: 90 }, status: {} };
    await transcript.run(['check-config'], tree);
    await transcript.run(['check-config'], { uuid: 'me', sync: { interval: 'often', tiemout: '5s' }, sycn: {} });
    await transcript.run(['check-config', '--config', 'nowhere.yaml']);
    await transcript.run(['check-config']);
    transcript.expectUnchanged('check-config');
  });

  it('plan', async () => {
    await transcript.run(['plan', '--peers', '5000', '--interval', '60s'], config());
    await transcript.run(['plan', '--peers', '200000', '--producers', '500', '--silent', '20%', '--latency', '80ms']);
    await transcript.run(['plan', '--peers', '1', '--json']);
    await transcript.run(['plan']);
    await transcript.run(['plan', '--peers', 'many']);
    await transcript.run(['plan', '--peers', '5', '--silent', '120%']);
    await transcript.run(['plan', '--peers', '5', '--interval', '60', '--latency', 'slow']);
    await transcript.run(['plan', '--peers', '5', '--interval', '10']);
    await transcript.run(['plan', '--peers', '5'], { uuid: US, sycn: {} });
    transcript.expectUnchanged('plan');
  });

  it('peers', async () => {
    await transcript.run(['peers', 'list'], config());
    await transcript.run(['peers', 'add', 'consumer', PEER, '127.0.0.1', '--port', '8080'], config());
    await transcript.run(['peers', 'add', 'consumer', OTHER, '192.168.1.9'], config());
    await transcript.run(['peers', 'add', 'producer', THIRD, '127.0.0.1'], config());
    await transcript.run(['peers', 'list'], config());
    // Ahead of the clock, so that its age stays the same.
    const checked = { checked_at: AHEAD, latency_ms: 12, failures: 0 };
    await redis.hset(keys.consumer(PEER), { state: 'available', available: 1, ...checked });
    await redis.hset(keys.consumer(OTHER), { available: 0, error: 'address-denied' });
    await redis.hset(keys.producer(THIRD), { notified_ip: '203.0.113.7', attempts: 2, error: 'http-503' });
    await transcript.run(['peers', 'list'], config());
    await transcript.run(['peers', 'list', 'consumer', '--json'], config());
    await transcript.run(['peers', 'list', '--state', 'denied,owing', '--sort', '-ip'], config());
    await transcript.run(['peers', 'show', THIRD], config());
    await transcript.run(['peers', 'export'], config());
    await transcript.run(['peers', 'export', 'producer', '--csv'], config());
    await transcript.run(['peers', 'remove', 'consumer', OTHER], config());
    transcript.expectUnchanged('peers');
  });

  it('of peers that can’t be', async () => {
    await transcript.run(['peers', 'add', 'consumr', PEER, '127.0.0.1'], config());
    await transcript.run(['peers', 'add', 'consumer', 'me', '127.0.0.1'], config());
    await transcript.run(['peers', 'add', 'consumer', US, '127.0.0.1'], config());
    await transcript.run(['peers', 'add', 'consumer', PEER, 'host.example'], config());
    await transcript.run(['peers', 'add', 'consumer', PEER, '224.0.0.1'], config());
    await transcript.run(['peers', 'add', 'consumer', PEER, '127.0.0.1', '--port', '99999'], config());
    await transcript.run(['peers', 'remove', 'producer', PEER], config());
    await transcript.run(['peers', 'show', PEER], config());
    await transcript.run(['peers', 'list', '--state', 'well', '--sort', 'ip'], config());
    await transcript.run(['peers', 'list', '--sort', 'size'], config());
    await transcript.run(['peers', 'import', '/nowhere/peers.csv'], config());
    await transcript.run(['peers', 'list', '--redis', 'localhost:6379']);
    await transcript.run(['peers', 'list']);
    await redis.config('SET', 'maxmemory', '1');
    await transcript.run(['peers', 'add', 'consumer', PEER, '127.0.0.1'], config());
    transcript.expectUnchanged('peers-errors');
  });

  it('events', async () => {
    await transcript.run(['events'], config());
    const happened = (type: string, data: object): Promise<unknown> =>
      redis.xadd(keys.events, '*', 'type', type, 'at', AT, 'data', JSON.stringify(data));
    await happened('redis.up', {});
    await happened('ip.changed', { ip: '203.0.113.7', previous: '203.0.113.6', producers: 5 });
    await happened('peer.suspect', { uuid: PEER, before: 'available', error: 'timeout' });
    await happened('peer.unavailable', { uuid: PEER, before: 'suspect', error: 'timeout' });
    await transcript.run(['events'], config());
    await transcript.run(['events', '--limit', 'all'], config());
    transcript.expectUnchanged('events');
  });

  it('health', async () => {
    await transcript.run(['health', '--url', 'http://127.0.0.1:1/healthz']);
    await transcript.run(['health', '--url', 'localhost:9464']);
    await transcript.run(['health'], config({ status: { enabled: false } }));
    transcript.expectUnchanged('health');
  });

  it('conformance', async () => {
    const endpoint = await startConsumer({ uuid: US, host: '127.0.0.1', registry: { redis, prefix: 'p2p:' } });
    peers.push(endpoint);
    const url = `http://127.0.0.1:${endpoint.port}`;
    transcript.hide(url, 'http://127.0.0.1:8080');
    transcript.vary(/remove consumer [\da-f-]{36}/g, 'remove consumer UUID');
    await transcript.run(['conformance', url]);
    await redis.hset(keys.scheduler, { uuid: PEER });
    await transcript.run(['conformance', url, '--redis', shared.server.url]);
    endpoint.behave({ status: 503 });
    await transcript.run(['conformance', url]);
    for (const words of ['localhost:80', 'http://', 'http://me:x@127.0.0.1', 'http://127.0.0.1 --kind peer']) {
      await transcript.run(['conformance', ...words.split(' ')]);
    }
    const more = ['--redis redis://127.0.0.1 --kind producer', '--prefix x:', '--uuid me', '--timeout 5', '--secret='];
    for (const words of more) await transcript.run(['conformance', 'http://127.0.0.1', ...words.split(' ')]);
    transcript.expectUnchanged('conformance');
  });

  it('doctor', async () => {
    const off = { status: { enabled: false } };
    transcript.vary(/● file descriptors .*/g, '● file descriptors  20000 may be open, about 356 are needed');
    await transcript.run(['doctor'], config({ ...off, redis: { url: 'redis://127.0.0.1:1/0' } }));
    await transcript.run(['doctor'], { uuid: 'me', sycn: {} });
    transcript.expectUnchanged('doctor');
  });

  it('status', async () => {
    await transcript.run(['status'], config());
    const state = { uuid: US, version: '1.2.3', isolated: 0, ip: '203.0.113.7', ip_changed_at: AT };
    await redis.hset(keys.scheduler, { ...state, round: 7, round_ok: 5, round_failed: 1, heartbeat_at: AT });
    await register(redis, 'consumer', PEER);
    await transcript.run(['status'], config());
    await redis.hset(keys.scheduler, { heartbeat_at: Date.now() + 3_600_000 });
    await transcript.run(['status'], config());
    await redis.hdel(keys.scheduler, 'heartbeat_at');
    await transcript.run(['status', '--json'], config());
    transcript.expectUnchanged('status');
  });

  it('sync', async () => {
    await transcript.run(['sync'], config());
    await register(redis, 'consumer', OTHER, { ip: '192.168.1.9' });
    await transcript.run(['sync'], config());
    await peer(PEER);
    await peer(THIRD, { status: 503 });
    await register(redis, 'consumer', 'dddddddd-0000-4000-8000-000000000000', { ip: 'host.example' });
    await transcript.run(['sync'], config());
    await redis.srem(keys.consumers, THIRD);
    await redis.config('SET', 'maxmemory', '1');
    await transcript.run(['sync'], config());
    await transcript.run(['sync'], config({ redis: { url: 'redis://me:secret@127.0.0.1:1/0' } }));
    await transcript.run(['sync'], config({ redis: { url: 'embedded', dataDir: '/nowhere/data' } }));
    transcript.expectUnchanged('sync');
  });

  it('run', async () => {
    transcript.hide(version, 'VERSION');
    await register(redis, 'consumer', PEER, { ip: '192.168.1.9' });
    // No change of the IP, which would be told before the round or after it.
    await redis.hset(keys.scheduler, { ip: '127.0.0.1' });
    const words = ['run'];
    // The line of the status server may come before or after any other; log-lines.txt has it.
    const settings = { log: { format: 'pretty' }, status: { enabled: false } };
    const program = Program.start(words, { config: config(settings), env: { NO_COLOR: '1' } });
    await eventually(() => {
      if (!/round 1: .*\n.*not called/.test(program.stderr)) throw new Error(program.stderr);
    });
    const code = await program.stop();
    transcript.add(words, program.stdout, program.stderr, code);
    await program.clear();
    await transcript.run(words, config({ uuid: 'me' }));
    await transcript.run(words, config({ redis: { url: 'embedded' }, log: { format: 'pretty' } }), {
      REDIS_SERVER: '/nowhere/redis-server',
    });
    transcript.expectUnchanged('run');
  });
});
