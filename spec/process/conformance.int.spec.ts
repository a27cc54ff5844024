import { expect } from 'chai';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { conform } from '#src/cli/conformance/conformance.js';
import { startConsumer } from '#swarm/consumer.js';
import { Producer } from '#swarm/producer.js';
import { BrokenApi, type ApiFault } from '../support/brokenApi.js';
import { Example } from '../support/example.js';
import { freePort } from '../support/freePort.js';
import { Program } from '../support/program.js';
import { keys, privateRedis, register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEER = 'aaaaaaaa-0000-4000-8000-000000000000';
const SECRET = 'a secret of this network';

interface Report {
  readonly url: string;
  readonly kind: string;
  readonly left: readonly string[];
  readonly promises: readonly {
    readonly id: string;
    readonly result: string;
    readonly seen: string;
    readonly expected?: string;
  }[];
}

/** What the kit is to find of each fault: all of it, and nothing else. */
const FOUND: Readonly<Record<ApiFault, readonly string[]>> = {
  'answers in another name': ['own-uuid'],
  'echoes the caller': ['own-uuid'],
  'names itself anew each time': ['own-uuid'],
  'believes x-forwarded-for': ['forwarded-for'],
  'writes the entry anew': ['scheduler-fields'],
  'answers before it stores': ['stores-first'],
  'never stores': ['registers'],
  'fails at bad JSON': ['bad-json'],
  'ends at bad JSON': ['bad-json'],
  'takes any uuid': ['hostile-uuid'],
  'takes any ip': ['bad-ip'],
  'ignores the override': ['honours-ip'],
  'stores seconds': ['last-seen'],
  'stores the source port': ['no-source-port'],
  'stores mapped addresses': ['plain-address'],
  'checks no signature': ['unsigned', 'wrong-signature', 'stale'],
  'checks no time': ['stale'],
  'takes one digest alone': ['several-digests'],
  redirects: ['no-redirect'],
  'is too long': ['small-answer'],
  'is silent': ['answers'],
  'takes one at a time': ['at-once'],
  'takes a GET': ['post-alone'],
  'refuses unknown fields': ['unknown-fields'],
  'is strange to IPv6': ['takes-ip'],
  'stores what it refuses': ['stores-nothing'],
  'ends at a cut body': ['cut-body'],
  'ends at a large body': ['large-body'],
};

describe('conformance', function () {
  this.timeout(120_000);
  const shared = privateRedis();
  const running: { stop(): unknown }[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  const run = async (url: string, ...words: string[]) => {
    const program = Program.start(['conformance', url, ...words]);
    const code = await program.ended();
    await program.clear();
    return { code, stdout: program.stdout, stderr: program.stderr };
  };
  const reported = async (url: string, ...words: string[]): Promise<Report & { readonly code: number }> => {
    const { code, stdout, stderr } = await run(url, '--json', ...words);
    expect(stderr).to.equal('');
    expect(stdout).to.not.include(SECRET);
    return { ...(JSON.parse(stdout) as Report), code };
  };
  const ids = ({ promises }: Report, result: string): string[] =>
    promises.filter((one) => one.result === result).map(({ id }) => id);
  const onRegistry = () => ['--redis', shared.server.url];
  const ofSwarm = async (secret?: string): Promise<string> => {
    const registry = { redis: shared.redis, prefix: 'p2p:' };
    const endpoint = await startConsumer({
      uuid: US,
      host: '127.0.0.1',
      registry,
      ...(secret === undefined ? {} : { secret }),
    });
    running.push({ stop: () => endpoint.goDark() });
    return `http://127.0.0.1:${endpoint.port}`;
  };
  const example = async (name: string, env: NodeJS.ProcessEnv = {}): Promise<Example> => {
    const started = await Example.start(name, { LOCAL_UUID: US, REDIS_URL: shared.server.url, ...env });
    running.push(started);
    return started;
  };

  for (const secret of [undefined, SECRET]) {
    const signed = secret === undefined ? [] : ['--secret', secret];
    const how = secret === undefined ? 'unsigned' : 'signed';

    it(`finds that the swarm’s consumer keeps every promise, by ${how} calls`, async () => {
      const report = await reported(await ofSwarm(secret), ...signed, ...onRegistry(), '--uuid', US);
      expect(report.promises.filter(({ result }) => result !== 'kept' && result !== 'not-checked')).to.deep.equal([]);
      expect(report.code).to.equal(0);
      expect(report.promises.every(({ result, seen }) => result === 'kept' || seen === 'needs --secret')).to.equal(
        true,
      );
    });

    it(`finds the same of the example of a consumer API, by ${how} calls`, async () => {
      const { url } = await example('consumer-api.mjs', { SIGNING_SECRET: secret ?? '' });
      const report = await reported(url, ...signed, ...onRegistry(), '--uuid', US.toUpperCase());
      expect(
        report.promises.filter(({ result, seen }) => result !== 'kept' && seen !== 'needs --secret'),
      ).to.deep.equal([]);
      expect([report.code, report.kind, report.url]).to.deep.equal([0, 'consumer', `${url}/sync`]);
    });

    it(`finds that both producers keep every promise, by ${how} calls`, async () => {
      const { endpoint } = await Producer.start({ host: '127.0.0.1', ...(secret === undefined ? {} : { secret }) });
      running.push({ stop: () => endpoint.goDark() });
      const { url } = await example('producer.mjs', { SIGNING_SECRET: secret ?? '' });
      for (const [name, place] of [
        ['swarm', `http://127.0.0.1:${endpoint.port}`],
        ['example', url],
      ] as const) {
        const report = await reported(place, '--kind', 'producer', ...signed);
        // The example believes in signed terms alone.
        const remarks = name === 'example' && secret === undefined ? ['lower-term'] : [];
        expect([report.code, ids(report, 'broken'), ids(report, 'remark')], name).to.deep.equal([0, [], remarks]);
        expect(
          report.promises.every(({ result, seen }) => result !== 'not-checked' || seen === 'needs --secret'),
        ).to.equal(true);
        expect(ids(report, 'kept')).to.include.members(['answers', 'takes-ip', 'bad-ip', 'large-body']);
      }
    });
  }

  for (const [fault, expected] of Object.entries(FOUND) as [ApiFault, readonly string[]][]) {
    it(`names what is broken in an API that ${fault}`, async () => {
      const proof = /signature|time$|digest/.test(fault) ? SECRET : undefined;
      const api = await BrokenApi.start({ uuid: US, redis: shared.redis, fault, ...(proof && { secret: proof }) });
      running.push(api);
      await shared.redis.hset(keys.scheduler, { uuid: US });
      const timeout = fault === 'is silent' ? '500ms' : '2s';
      // Not as a process each time, of which there are enough above and below.
      const words = {
        kind: 'consumer',
        json: true,
        redis: shared.server.url,
        timeout,
        ...(proof && { secret: proof }),
      };
      const { text, code } = await conform({ file: undefined, env: {} }, api.url, words);
      expect(text).to.not.include(SECRET);
      const report = { ...(JSON.parse(text) as Report), code };
      expect(
        ids(report, 'broken'),
        JSON.stringify(report.promises.filter((one) => one.result === 'broken')),
      ).to.deep.equal(expected);
      expect(report.code).to.equal(1);
      for (const { result, seen, expected: wanted = '' } of report.promises) {
        if (result === 'broken') expect([seen.length > 0, wanted.length > 0]).to.deep.equal([true, true]);
      }
    });
  }

  it('names what is broken in a producer that believes whatever comes, and what is only recommended', async () => {
    const server = createServer((request, response) => {
      request.resume().once('end', () => response.writeHead(204).end());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    running.push({
      stop: () => {
        server.close().closeAllConnections();
      },
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const report = await reported(url, '--kind', 'producer', '--secret', SECRET);
    const refusals = ['bad-json', 'bad-uuid', 'hostile-uuid', 'bad-ip', 'post-alone'];
    expect(ids(report, 'broken')).to.deep.equal([...refusals, 'unsigned', 'wrong-signature', 'stale']);
    expect(ids(report, 'remark')).to.deep.equal(['signed-term', 'lower-term']);
    expect([report.code, report.left.length > 0]).to.deep.equal([1, true]);
  });

  describe('with --redis', () => {
    it('leaves the registry as it was, also of an API that takes whatever comes', async () => {
      await register(shared.redis, 'consumer', PEER, { ip: '1.1.1.1', state: 'available' });
      for (const fault of ['takes any uuid', 'takes any ip', 'answers before it stores'] as const) {
        const api = await BrokenApi.start({ uuid: US, redis: shared.redis, fault });
        running.push(api);
        expect((await reported(api.url, ...onRegistry())).left).to.deep.equal([]);
      }
      await reported((await example('consumer-api.mjs')).url, ...onRegistry());
      expect(await shared.redis.keys('*')).to.have.members([keys.consumers, keys.consumer(PEER)]);
      expect(await shared.redis.smembers(keys.consumers)).to.deep.equal([PEER]);
      expect(await shared.redis.hgetall(keys.consumer(PEER))).to.deep.equal({ ip: '1.1.1.1', state: 'available' });
    });

    it('looks below another prefix where one is named', async () => {
      const { url } = await example('consumer-api.mjs', { KEY_PREFIX: 'other:' });
      expect(ids(await reported(url, ...onRegistry()), 'broken')).to.include('registers');
      expect((await reported(url, ...onRegistry(), '--prefix', 'other:')).code).to.equal(0);
    });

    it('that is not there exits with 1', async () => {
      const { code, stderr } = await run(await ofSwarm(), '--redis', 'redis://127.0.0.1:1');
      expect([code, stderr.includes("Redis can't be reached")]).to.deep.equal([1, true]);
    });
  });

  describe('without it', () => {
    it('says what it could not check and which entries are left', async () => {
      const url = await ofSwarm();
      const report = await reported(url);
      expect(report.code).to.equal(0);
      expect(report.left.slice().sort()).to.deep.equal((await shared.redis.smembers(keys.consumers)).sort());
      const { stdout } = await run(url);
      expect(stdout)
        .to.match(/not checked +needs --secret: signed, several-digests/)
        .and.include('needs --redis: registers');
      expect(stdout).to.match(/takes them out again:\n( {2}consumer-scheduler peers remove consumer [\da-f-]{36}\n)+$/);
    });
  });

  it('takes the secret from the environment or a configuration, and never shows it', async () => {
    const url = await ofSwarm(SECRET);
    const env = { CONSUMER_SCHEDULER__HTTP__SIGNING__SECRET: SECRET, NO_COLOR: '1' };
    const config = { uuid: US, http: { signing: { secret: SECRET } } };
    for (const options of [{ env }, { config, env: { NO_COLOR: '1' } }]) {
      const program = Program.start(['conformance', url], options);
      expect(await program.ended(), program.stdout).to.equal(0);
      expect(program.stdout)
        .to.include('calls are signed')
        .and.match(/● stale /);
      expect(program.stdout + program.stderr).to.not.include(SECRET);
      await program.clear();
    }
    const { code, stdout } = await run(url);
    expect(code).to.equal(1);
    expect(stdout.replace(/\s+/g, ' ')).to.include('seen: answered 401').and.include('name the secret (--secret)');
  });

  it('says where nothing listens, and exits with 1', async () => {
    const { code, stdout } = await run(`http://127.0.0.1:${await freePort()}`);
    expect(code).to.equal(1);
    expect(stdout).to.include('seen: no answer (refused)').and.include('it gives no whole answer');
  });

  it('sends what the configuration says, to the path that the URL names', async () => {
    const asked = new Set<string>();
    const server = createServer((request, response) => {
      asked.add(`${request.method} ${request.url} ${request.headers.authorization}`);
      request.resume().once('close', () => response.writeHead(503).end());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    running.push({
      stop: () => {
        server.close().closeAllConnections();
      },
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const config = { uuid: US, sync: { path: '/own', headers: { authorization: 'Bearer x' } } };
    for (const place of [url, `${url}/other?x=1`]) {
      const program = Program.start(['conformance', place], { config });
      expect(await program.ended()).to.equal(1);
      await program.clear();
    }
    expect([...asked]).to.deep.equal(['POST /own Bearer x', 'POST /other?x=1 Bearer x']);
  });
});
