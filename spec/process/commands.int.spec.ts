import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { keysUnder } from '#src/domain/keys.js';
import { startConsumer } from '#swarm/consumer.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEER = 'aaaaaaaa-0000-4000-8000-000000000000';
const OTHER = 'bbbbbbbb-0000-4000-8000-000000000000';
const keys = keysUnder('p2p:');

describe('the commands of node dist/main.js', () => {
  let server: RedisServer;
  let redis: Redis;
  before(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  beforeEach(() => redis.flushall());
  after(() => server.stop());

  const command = async (words: readonly string[], over: object = {}, env: NodeJS.ProcessEnv = {}) => {
    const config = { uuid: US, redis: { url: server.url }, network: { allow: ['loopback'] }, ...over };
    const child = await Scheduler.start(config, env, words);
    const code = await child.ended();
    await child.clear();
    return { code, output: child.output };
  };

  describe('sync', () => {
    const settings = { sync: { timeout: '3s' }, publicIp: { override: '127.0.0.1' } };

    it('makes one round over every consumer, whatever its state, and sums it up', async () => {
      const peers = await Promise.all([PEER, OTHER].map((uuid) => startConsumer({ uuid, host: '127.0.0.1' })));
      await register(redis, 'consumer', PEER, { ip: '127.0.0.1', port: peers[0]?.port ?? 0 });
      await register(redis, 'consumer', OTHER, {
        ip: '127.0.0.1',
        port: peers[1]?.port ?? 0,
        available: 0,
        state: 'unavailable',
        failures: 3,
        checked_at: Date.now() - 5,
      });
      await register(redis, 'consumer', 'cccccccc-0000-4000-8000-000000000000', { ip: 'nowhere' });
      const { code, output } = await command(['sync'], settings);
      expect(code).to.equal(0);
      expect(output)
        .to.match(/ok\s+2/)
        .and.include('2 of 2 consumers answered in')
        .and.include('1 not called: malformed in the registry (address-invalid)');
      expect(await redis.hgetall(keys.consumer(OTHER))).to.include({ state: 'available' });
      for (const peer of peers) {
        expect(peer.calls).to.have.length(1);
        await peer.goDark();
      }
    });

    it('exits 1 where Redis can’t be reached, naming the place but no password', async () => {
      const { code, output } = await command(['sync'], { redis: { url: 'redis://me:planted@127.0.0.1:1/0' } });
      expect(code).to.equal(1);
      expect(output).to.include("Redis can't be reached at redis://127.0.0.1:1/0").and.not.include('planted');
    });
  });

  describe('check-config', () => {
    it('prints the effective configuration with every secret masked', async () => {
      const { code, output } = await command(
        ['check-config'],
        {
          redis: { url: 'redis://me:planted@127.0.0.1/0' },
          sync: { headers: { authorization: 'planted' } },
          http: { signing: { secret: 'planted planted planted' } },
          publicIp: { sources: [{ url: 'https://u:planted@ip.example/?key=planted' }] },
        },
        {
          CONSUMER_SCHEDULER__SYNC__INTERVAL: '90s',
          CONSUMER_SCHEDULER__SYNC__UNAVAILABLE__CONCURRENCY: '7',
          LOG_LEVEL: 'warn',
        },
      );
      expect(code).to.equal(0);
      expect(output).to.not.include('planted');
      expect(output)
        .to.match(/interval: 90s/)
        .and.match(/concurrency: 7/)
        .and.match(/level: warn/);
      expect(output).to.include('redis://***@127.0.0.1/0').and.include('https://***@ip.example/?key=***');
    });

    it('names what is valid and likely to be a mistake', async () => {
      const { code, output } = await command(['check-config'], { sync: { interval: 60 } });
      expect(code).to.equal(0);
      expect(output)
        .to.include('warning: sync.interval: 60 is 60 milliseconds')
        .and.match(/interval: 60ms/);
    });
  });

  describe('peers', () => {
    it('adds, lists and removes', async () => {
      expect((await command(['peers', 'add', 'consumer', PEER, '127.0.0.1', '--port', '81'])).code).to.equal(0);
      expect((await command(['peers', 'add', 'producer', OTHER, '::ffff:1.1.1.1'])).code).to.equal(0);
      expect(await redis.hgetall(keys.consumer(PEER))).to.deep.equal({ ip: '127.0.0.1', port: '81' });
      expect(await redis.smembers(keys.producers)).to.deep.equal([OTHER]);

      expect((await command(['peers', 'list'])).output)
        .to.include(PEER)
        .and.include('1.1.1.1');
      const { output } = await command(['peers', 'list', 'consumer', '--json']);
      expect(JSON.parse(output)).to.deep.equal({ kind: 'consumer', uuid: PEER, ip: '127.0.0.1', port: '81' });

      expect((await command(['peers', 'add', 'consumer', PEER, '127.0.0.2'])).code).to.equal(0);
      expect(await redis.hgetall(keys.consumer(PEER))).to.deep.equal({ ip: '127.0.0.2' });
      expect((await command(['peers', 'remove', 'consumer', PEER])).code).to.equal(0);
      expect(await redis.exists(keys.consumer(PEER), keys.consumers)).to.equal(0);
      expect((await command(['peers', 'list', 'consumer'])).output).to.equal('no peers are registered\n');
    });

    const wrong: readonly (readonly [readonly string[], string, number?])[] = [
      [['add', 'consumr', PEER, '1.1.1.1'], '"consumr" is no kind of peer: expected consumer or producer'],
      [['add', 'consumer', 'me', '1.1.1.1'], '"me" is not a UUID'],
      [['add', 'consumer', PEER, 'host.example'], 'address-invalid'],
      [['add', 'consumer', PEER, '224.0.0.1'], 'address-denied'],
      [['add', 'consumer', PEER, '1.1.1.1', '--port', '0'], 'port "0"'],
      [['remove', 'producer', PEER], 'no producer', 1],
      [['list', 'friends'], 'no kind of peer'],
    ];
    for (const [words, said, exit = 2] of wrong) {
      it(`${words.join(' ')}: says what is wrong`, async () => {
        const { code, output } = await command(['peers', ...words]);
        expect(code).to.equal(exit);
        expect(output).to.include(said);
      });
    }

    it('shows nothing of what is stored that could steer a terminal', async () => {
      await register(redis, 'consumer', PEER, { ip: '\u001b[31mred' });
      expect((await command(['peers', 'list'])).output).to.not.include('\u001b');
    });
  });

  describe('status', () => {
    it('tells what the scheduler last said of itself', async () => {
      await redis.hset(keys.scheduler, { uuid: US, round: 7, heartbeat_at: Date.now() });
      await redis.zadd(keys.announcements, 1, 'p');
      const { code, output } = await command(['status', '--json']);
      expect(code).to.equal(0);
      expect(JSON.parse(output)).to.include({ running: true, round: '7', announcements_pending: 1 });
      await redis.hset(keys.scheduler, 'heartbeat_at', 1_000);
      const table = await command(['status']);
      expect(table.output)
        .to.match(/^✖ No scheduler runs: the last one has been silent/)
        .and.include('1970-01-01T00:00:01.000Z');
    });

    it('exits 1 where none has ever run', async () => {
      const { code, output } = await command(['status']);
      expect(code).to.equal(1);
      expect(output).to.include('no scheduler has run on this registry yet');
    });
  });

  it('--help and --version exit 0', async () => {
    expect((await command(['--help'])).output).to.include('check-config');
    expect((await command(['--version'])).code).to.equal(0);
  });

  it('shares the embedded server of a daemon that runs', async () => {
    const own = {
      uuid: US,
      redis: { url: 'embedded', dataDir: `${server.folder}/own` },
      publicIp: { override: '127.0.0.1' },
      network: { allow: ['loopback'] },
    };
    const daemon = await Scheduler.start(own);
    await daemon.logged(({ event }) => event === 'round.finished');
    expect((await command(['peers', 'add', 'consumer', PEER, '127.0.0.1', '--port', '9'], own)).code).to.equal(0);
    expect((await command(['peers', 'list'], own)).output).to.include(PEER);
    expect(await daemon.stop()).to.equal(0);
    expect((await command(['peers', 'list'], own)).output, 'and starts it where none runs').to.include(PEER);
  });
});
