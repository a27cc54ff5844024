import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysUnder } from '#src/domain/keys.js';
import { EmbeddedRedis } from '#src/clients/embeddedRedis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { Program } from '../support/program.js';
import { privateRedis, register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEER = 'aaaaaaaa-0000-4000-8000-000000000000';
const OTHER = 'bbbbbbbb-0000-4000-8000-000000000000';
const keys = keysUnder('p2p:');

async function ran(words: readonly string[], config?: object, env?: NodeJS.ProcessEnv) {
  const program = Program.start(words, { ...(config && { config }), ...(env && { env }) });
  const code = await program.ended();
  const { stdout, stderr } = program;
  await program.clear();
  return { code, stdout, stderr };
}

describe('the commands on the registry', () => {
  const shared = privateRedis();
  const config = (over: object = {}) => ({ uuid: US, redis: { url: shared.server.url }, ...over });

  describe('need of the configuration only where Redis is', () => {
    it('as --redis says', async () => {
      const redis = ['--redis', shared.server.url];
      expect(await ran(['peers', 'add', 'consumer', PEER, '10.1.2.3', ...redis])).to.deep.equal({
        code: 0,
        stdout: `consumer ${PEER} is registered at 10.1.2.3\n`,
        stderr: '',
      });
      expect((await ran(['peers', 'list', '--json', ...redis])).stdout).to.equal(
        `${JSON.stringify({ ip: '10.1.2.3', kind: 'consumer', uuid: PEER })}\n`,
      );
      await shared.redis.hset(keys.scheduler, { uuid: US, heartbeat_at: Date.now() });
      expect((await ran(['status', ...redis])).code).to.equal(0);
      expect((await ran(['peers', 'remove', 'consumer', PEER, ...redis])).code).to.equal(0);
      expect(await shared.redis.exists(keys.consumers, keys.consumer(PEER))).to.equal(0);
    });

    it('as a file without a uuid says, or the environment', async () => {
      const { uuid, ...without } = config();
      expect(uuid).to.equal(US);
      expect((await ran(['peers', 'list'], without)).code).to.equal(0);
      const env = { REDIS_URL: shared.server.url };
      expect((await ran(['peers', 'list'], undefined, env)).stdout).to.equal('no peers are registered\n');
    });

    it('--redis stands above the environment, whose prefix counts', async () => {
      await register(shared.redis, 'consumer', PEER, { ip: '1.1.1.1' }, keysUnder('own:'));
      const env = {
        REDIS_URL: 'redis://127.0.0.1:1',
        CONSUMER_SCHEDULER__REDIS__URL: 'redis://127.0.0.1:1',
        CONSUMER_SCHEDULER__REDIS__KEYPREFIX: 'own:',
      };
      expect((await ran(['peers', 'list', '--redis', shared.server.url], undefined, env)).stdout).to.include(PEER);
    });

    it('and say so where nothing says it, or nothing that makes sense', async () => {
      const nothing = await ran(['peers', 'list']);
      expect(nothing.code).to.equal(2);
      expect(nothing.stderr)
        .to.match(/no configuration file found: looked for .*; write one with .* or name Redis with --redis URL/)
        .and.not.include('uuid');
      const nonsense = await ran(['status', '--redis', 'localhost']);
      expect(nonsense.code).to.equal(2);
      expect(nonsense.stderr).to.match(/redis\.url: expected redis:\/\/.*\(--redis\)/);
    });

    it('a configuration that is wrong elsewhere is wrong', async () => {
      const { code, stderr } = await ran(['peers', 'list'], { redis: { url: shared.server.url }, syncc: 1 });
      expect(code).to.equal(2);
      expect(stderr).to.include('syncc: unknown key').and.not.include('uuid');
    });
  });

  describe('peers list', () => {
    const table = async (): Promise<string> => (await ran(['peers', 'list'], config())).stdout.replaceAll(/ +/g, ' ');

    it('tells a peer that was never checked or told from one that is well', async () => {
      await register(shared.redis, 'consumer', PEER, { ip: '1.1.1.1' });
      await register(shared.redis, 'producer', OTHER, { ip: '1.1.1.2' });
      expect(await table())
        .to.include(`${PEER} ○ pending 1.1.1.1 never\n`)
        .and.include(`${OTHER} ○ untold 1.1.1.2\n`);
      await shared.redis.hset(keys.scheduler, { ip: '8.8.8.8' });
      const checked = { checked_at: Date.now() + 60_000, latency_ms: 12, state: 'available', available: 1 };
      await shared.redis.hset(keys.consumer(PEER), checked);
      await shared.redis.hset(keys.producer(OTHER), { notified_ip: '8.8.8.8', attempts: 1 });
      expect(await table())
        .to.include(`${PEER} ● available 1.1.1.1 0s 12 ms\n`)
        .and.include(`${OTHER} ● knows 1.1.1.2 8.8.8.8\n`);
      await shared.redis.zadd(keys.announcements, 1, OTHER);
      expect(await table()).to.include(`${OTHER} ▲ owing 1.1.1.2 8.8.8.8\n`);
    });

    it('tells what is the matter with the others', async () => {
      const [failing, denied, malformed] = ['a', 'b', 'c'].map(
        (digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`,
      );
      await register(shared.redis, 'consumer', failing ?? '', { ip: '1.1.1.1', error: 'timeout' });
      await register(shared.redis, 'consumer', denied ?? '', { ip: '10.1.1.1', available: 0, error: 'address-denied' });
      await shared.redis.sadd(keys.consumers, malformed ?? '');
      await shared.redis.set(keys.consumer(malformed ?? ''), 'no hash');
      expect(await table())
        .to.include(`${failing} ○ pending 1.1.1.1 timeout\n`)
        .and.include(`${denied} ▲ denied 10.1.1.1 address-denied\n`)
        .and.include(`${malformed} ✖ invalid none address-invalid\n`);
    });

    it('shows every entry of a large registry, in order', async () => {
      const uuids = Array.from({ length: 600 }, (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`);
      for (const uuid of uuids) await register(shared.redis, 'consumer', uuid, { ip: '1.1.1.1' });
      const { stdout } = await ran(['peers', 'list', '--sort', 'uuid', '--json'], config());
      const shown = stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { uuid: string }).uuid);
      expect(shown).to.deep.equal(uuids);
    });
  });

  describe('peers add', () => {
    const add = (words: readonly string[], over?: object) => ran(['peers', 'add', ...words], config(over));

    it('makes one entry of a UUID, however it is spelled', async () => {
      await add(['consumer', PEER.toUpperCase(), '1.1.1.1']);
      await add(['consumer', PEER, '1.1.1.2']);
      expect(await shared.redis.smembers(keys.consumers)).to.deep.equal([PEER]);
      expect(await shared.redis.hgetall(keys.consumer(PEER))).to.deep.equal({ ip: '1.1.1.2' });
    });

    it('gives an entry that the API has in another spelling its new address, and remove finds it', async () => {
      const upper = PEER.toUpperCase();
      await register(shared.redis, 'producer', upper, { ip: '1.1.1.1', port: 81 });
      expect((await add(['producer', PEER, '1.1.1.2'])).stdout).to.equal(
        `producer ${upper} is registered at 1.1.1.2\n`,
      );
      expect(await shared.redis.smembers(keys.producers)).to.deep.equal([upper]);
      expect(await shared.redis.hgetall(keys.producer(upper))).to.deep.equal({ ip: '1.1.1.2' });
      expect((await ran(['peers', 'remove', 'producer', PEER], config())).code).to.equal(0);
      expect(await shared.redis.exists(keys.producers, keys.producer(upper))).to.equal(0);
    });

    it('refuses our own UUID, be it from the configuration or from the scheduler', async () => {
      for (const spelling of [US, US.toUpperCase()]) {
        const { code, stderr } = await add(['consumer', spelling, '1.1.1.1']);
        expect(code).to.equal(2);
        expect(stderr).to.equal(`${spelling} is our own UUID: we don't call ourselves\n`);
      }
      await shared.redis.hset(keys.scheduler, { uuid: US });
      const { code } = await ran(['peers', 'add', 'consumer', US, '1.1.1.1', '--redis', shared.server.url]);
      expect(code).to.equal(2);
      expect(await shared.redis.exists(keys.consumers, keys.consumer(US))).to.equal(0);
    });

    it('warns where network.allow forbids the address, and names the key', async () => {
      const { code, stdout, stderr } = await add(['consumer', PEER, '192.168.1.9']);
      expect(code).to.equal(0);
      expect(stdout).to.include('is registered at 192.168.1.9');
      expect(stderr).to.equal(
        'warning: 192.168.1.9 is not called as long as network.allow is [public]: add private to it\n',
      );
      expect((await add(['consumer', PEER, '192.168.1.9'], { network: { allow: ['private'] } })).stderr).to.equal('');
    });

    it('names a port that is none', async () => {
      for (const port of ['99999', '0', 'http', '']) {
        const { code, stderr } = await add(['consumer', PEER, '1.1.1.1', '--port', port]);
        expect(code).to.equal(2);
        expect(stderr).to.equal(`--port "${port}": expected a whole number from 1 to 65535\n`);
      }
    });
  });

  it('tell in one line what Redis refuses', async () => {
    await shared.redis.set(keys.consumers, 'no set');
    for (const words of [['peers', 'list'], ['peers', 'remove', 'consumer', PEER], ['status']]) {
      await shared.redis.hset(keys.scheduler, { uuid: US });
      const { code, stdout, stderr } = await ran(words, config());
      expect([code, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.match(/^Redis can't be used: .*\(WRONGTYPE\)\n$/);
    }
    await shared.redis.del(keys.consumers);
    await shared.redis.config('SET', 'maxmemory', '1');
    const { code, stderr } = await ran(['peers', 'add', 'consumer', PEER, '1.1.1.1'], config());
    await shared.redis.config('SET', 'maxmemory', '0');
    expect(code).to.equal(1);
    expect(stderr).to.match(/^Redis can't be used: .*\(OOM\).*\n$/);
  });

  describe('status', () => {
    const settings = () => config({ publicIp: { override: '127.0.0.1' } });

    it('says at once that the scheduler was stopped, and exits 1; 0 while it runs', async () => {
      const scheduler = await Scheduler.start(settings());
      await scheduler.logged(({ event }) => event === 'round.finished');
      const running = await ran(['status', '--json'], settings());
      expect([running.code, running.stderr]).to.deep.equal([0, '']);
      expect(JSON.parse(running.stdout)).to.include({ running: true, uuid: US });
      expect(await scheduler.stop()).to.equal(0);
      const stopped = await ran(['status', '--json'], settings());
      expect(JSON.parse(stopped.stdout)).to.include({ running: false, uuid: US });
      expect([stopped.code, stopped.stderr]).to.deep.equal([1, 'no scheduler runs: the last one was stopped\n']);
    });

    it('says since when one that was killed is silent', async () => {
      await shared.redis.hset(keys.scheduler, { uuid: US, heartbeat_at: 1_000 });
      const { code, stdout, stderr } = await ran(['status'], settings());
      expect(code).to.equal(1);
      const sentence = '✖ No scheduler runs: the last one has been silent since\n  1970-01-01T00:00:01.000Z.\n';
      expect([stdout.slice(0, sentence.length), stderr]).to.deep.equal([sentence, '']);
    });
  });
});

describe('a command beside an embedded server', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cmd-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const COMMANDS = [['peers', 'list'], ['peers', 'add', 'consumer', PEER, '1.1.1.1'], ['status'], ['sync']];

  for (const words of COMMANDS) {
    it(`${words.join(' ')}: never creates a database`, async () => {
      const dataDir = join(folder, 'data');
      const { code, stderr } = await ran(words, { uuid: US, redis: { url: 'embedded', dataDir } });
      expect(code).to.equal(1);
      expect(stderr).to.equal(`redis.dataDir: there is no database in ${dataDir}; the first \`run\` makes it\n`);
      expect(existsSync(dataDir)).to.equal(false);
    });
  }

  it('does not take a folder of other things for one', async () => {
    await writeFile(join(folder, 'notes.txt'), '');
    expect((await ran(['peers', 'list'], { redis: { url: 'embedded', dataDir: folder } })).code).to.equal(1);
    expect(await readdir(folder)).to.deep.equal(['notes.txt']);
  });

  it('starts the server where there is one that nobody runs', async () => {
    const dataDir = join(folder, 'data');
    await (await EmbeddedRedis.start(dataDir)).stop();
    const { code, stdout } = await ran(['peers', 'list'], { redis: { url: 'embedded', dataDir } });
    expect([code, stdout]).to.deep.equal([0, 'no peers are registered\n']);
  });
});

describe('a word that is no command', () => {
  for (const [words, said] of [
    [['snyc'], "unknown command 'snyc'\n(Did you mean sync?)"],
    [['peer', 'list'], "unknown command 'peer'\n(Did you mean peers?)"],
    [['--config', 'x.yaml', 'stauts'], "unknown command 'stauts'\n(Did you mean status?)"],
    [['rum', '--config', 'x.yaml'], "unknown command 'rum'\n(Did you mean run?)"],
    [['peers', 'lst'], "unknown command 'lst'\n(Did you mean list?)"],
    [['dance'], "unknown command 'dance'\n(--help"],
    [['run', 'sync'], "too many arguments for 'run'"],
    [['--jsn'], "unknown option '--jsn'"],
    [['peers', 'list', '--jsn'], "unknown option '--jsn'\n(Did you mean --json?)"],
  ] as const) {
    it(`${words.join(' ')}: names the nearest one, and exits 2`, async () => {
      const { code, stdout, stderr } = await ran(words);
      expect([code, stdout]).to.deep.equal([2, '']);
      expect(stderr).to.include(said);
    });
  }
});
