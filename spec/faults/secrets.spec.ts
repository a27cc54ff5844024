import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { Endpoint } from '#swarm/endpoint.js';
import { RedisServer } from '#swarm/redis.js';
import { verify } from '#src/domain/call/signature.js';
import { Scheduler, type LogLine } from '#swarm/scheduler.js';
import { FAULTS } from '../clients/faults.js';
import { servePlain, serveTls, type TestServer } from '../clients/testServer.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/freePort.js';
import { register } from '../support/registry.js';
import { report, scale } from '../support/scale.js';
import { BROKEN } from '../support/secrets/broken.js';
import { dump } from '../support/secrets/dump.js';
import { PLANTED, secretsIn } from '../support/secrets/planted.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const HOST = '127.0.0.1';
const ACL_USER = 'scheduler';
/** One in so many of the broken configurations is also read by a command; starting one takes its time. */
const CHECK_EVERY = scale > 1 ? 1 : 15;
const url = encodeURIComponent;
const fixture = (name: string): string => fileURLToPath(new URL(`../../../spec/fixtures/tls/${name}`, import.meta.url));
const uuidOf = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;

const ENVIRONMENT = {
  CONSUMER_SCHEDULER__ANNOUNCE__PATH: `/ip?token=${url(PLANTED.announceQuery)}`,
  CONSUMER_SCHEDULER__ANNOUNCE__HEADERS: JSON.stringify({ authorization: `Bearer ${PLANTED.announceHeader}` }),
};

describe('secrets', function () {
  this.timeout(180_000);
  let server: RedisServer;
  let redis: Redis;
  let redisPort: number;
  let consumers: readonly TestServer[];
  let producers: readonly Endpoint[];
  let service: Server;
  let hooks: TestServer;
  let running: Scheduler;
  const started: (() => Promise<unknown>)[] = [];
  const asked: string[] = [];
  /** All that was printed or stored, by what it came from. */
  const emitted: Record<string, string> = {};
  let clients: unknown;

  const sourceAt = (place: string) => `http://${place}/?key=${url(PLANTED.sourceQuery)}`;
  const config = (over: object = {}) => ({
    uuid: US,
    sync: {
      scheme: 'https',
      interval: '200ms',
      timeout: '300ms',
      path: `/sync?token=${url(PLANTED.syncQuery)}`,
      headers: { authorization: `Bearer ${PLANTED.syncHeader}` },
      suspectInterval: '100ms',
      unavailable: { interval: '200ms' },
    },
    announce: { timeout: '300ms', retry: { initial: '50ms', max: '200ms' } },
    publicIp: {
      interval: '200ms',
      timeout: '300ms',
      confirmations: 1,
      sources: [
        { url: sourceAt(`${HOST}:${(service.address() as AddressInfo).port}`) },
        { url: sourceAt(`${PLANTED.sourceUser.slice(0, 20)}:${url(PLANTED.sourcePassword)}@${HOST}:1`) },
      ],
    },
    redis: { url: redisUrl(ACL_USER, PLANTED.redisUserPassword) },
    http: {
      signing: { secret: PLANTED.signing },
      tls: { ca: fixture('ca.pem'), cert: fixture('client.pem'), key: fixture('client.key') },
    },
    network: { allow: ['loopback'] },
    notify: [hook(), hook({ template: JSON.stringify({ key: PLANTED.hookTemplate, text: '{{text}}' }) }), ...pings()],
    log: { level: 'debug' },
    shutdown: { grace: '60s' },
    ...over,
  });
  const hook = (over: object = {}) => ({
    webhook: `http://me:${url(PLANTED.hookPassword)}@${new URL(hooks.url).host}/${url(PLANTED.hookPath)}`,
    events: ['redis-down', 'config-rejected', 'ip-changed'],
    headers: { 'x-key': PLANTED.hookHeader },
    ...over,
  });
  /** One that answers, and one at which nobody listens. */
  const pings = () =>
    [new URL(hooks.url).host, `${HOST}:1`].map((place) => ({ ping: `http://${place}/${url(PLANTED.pingPath)}` }));
  const redisUrl = (user: string, password: string) => `redis://${user}:${url(password)}@${HOST}:${redisPort}/0`;
  /** Short forms and long ones, which win over the file. */
  const login = (user = ACL_USER, password: string = PLANTED.redisUserPassword) => ({
    ...ENVIRONMENT,
    REDIS_URL: redisUrl(user, password),
    CONSUMER_SCHEDULER__HTTP__SIGNING__SECRET: PLANTED.signing,
  });
  const command = async (
    words: readonly string[],
    text: object | string = config(),
    env: NodeJS.ProcessEnv = login(),
  ) => {
    const child = await Scheduler.start(text, env, words);
    const code = await child.ended();
    await child.clear();
    const name = words.join(' ');
    emitted[name] = `${emitted[name] ?? ''}${child.output}`;
    return { code, output: child.output };
  };
  /** Does something, and waits for what the log then has to say. */
  const then = async (event: string, act: () => unknown, about = ''): Promise<LogLine> => {
    const from = running.lines.length;
    await act();
    return running.logged(
      (line) => line.event === event && line.message.includes(about) && running.lines.indexOf(line) >= from,
    );
  };
  const setPassword = async (password: string): Promise<void> => {
    await redis.call('acl', 'setuser', ACL_USER, 'resetpass', `>${password}`);
    await redis.call('client', 'kill', 'user', ACL_USER);
  };

  before(async () => {
    redisPort = await freePort();
    const user = ['--user', ACL_USER, 'on', `>${PLANTED.redisUserPassword}`, '~*', '&*', '+@all'];
    server = await RedisServer.start({ args: ['--port', String(redisPort), '--appendonly', 'yes', ...user] });
    started.push(() => server.stop());
    redis = server.client();
    service = createServer((request, response) => {
      asked.push(`${request.url ?? ''} ${JSON.stringify(request.headers)}`);
      response.end('93.184.216.34');
    });
    service.listen(0, HOST);
    await once(service, 'listening');
    started.push(() => {
      service.close().closeAllConnections();
      return Promise.resolve();
    });
    hooks = await servePlain(FAULTS.noContent);
    started.push(hooks.close);
    consumers = await Promise.all(
      [FAULTS.noContent, FAULTS.silence, FAULTS.notFound].map((fault) => serveTls({ askClient: true, fault })),
    );
    started.push(() => Promise.all(consumers.map(({ close }) => close())));
    producers = await Promise.all(
      [204, 500].map((status) =>
        Endpoint.listen({
          path: `/ip?token=${url(PLANTED.announceQuery)}`,
          host: HOST,
          port: 0,
          answer: () => ({ status }),
        }),
      ),
    );
    started.push(() => Promise.all(producers.map((one) => one.goDark())));
    for (const [i, { url: place }] of consumers.entries()) {
      await register(redis, 'consumer', uuidOf(i), { ip: HOST, port: new URL(place).port });
    }
    await register(redis, 'consumer', uuidOf(9), { ip: HOST, port: 1 });
    for (const [i, { port }] of producers.entries()) await register(redis, 'producer', uuidOf(i), { ip: HOST, port });
    running = await Scheduler.start(config(), ENVIRONMENT);
    started.push(async () => {
      await running.kill();
      await running.clear();
    });

    await running.logged(({ event }) => event === 'announcement.acknowledged');
    await running.logged(({ event }) => event === 'announcement.failed');
    await running.logged(({ message }) => message.includes('is unavailable'));
    clients = await redis.client('LIST');
    emitted['the database'] = await dump(redis);
    await then('redis.down', () => server.kill());
    await then('redis.up', () => server.launch());
    await then('redis.down', () => setPassword(PLANTED.wrong), 'WRONGPASS');
    await then('redis.up', () => setPassword(PLANTED.redisUserPassword));
    for (const text of BROKEN) await then('config.rejected', () => running.reconfigure(text));
    const { sync } = config();
    const moved = { sync: { ...sync, timeout: '60s', headers: { authorization: `Bearer ${PLANTED.newSyncHeader}` } } };
    await then('config.reloaded', () => running.reconfigure(config(moved)), 'sync.headers');
    await eventually(() => {
      expect(secretsIn(consumers[0]?.requests.at(-1) ?? '')).to.include('newSyncHeader');
    });

    const good = [['check-config'], ['status'], ['peers', 'list'], ['sync']].map(async (words) => {
      expect((await command(words)).code, words.join(' ')).to.equal(0);
    });
    await Promise.all(good);
    expect((await command(['notify', 'test'])).code).to.equal(1);
    expect((await command(['sync'], config(), login(ACL_USER, PLANTED.wrong))).code).to.equal(1);
    await redis.config('SET', 'requirepass', PLANTED.redisPassword);
    expect((await command(['status'], config(), login('', PLANTED.redisPassword))).code).to.equal(0);
    expect((await command(['status'], config(), login('', PLANTED.redisPassword.slice(1)))).code).to.equal(1);
    for (const text of BROKEN.filter((_, i) => i % CHECK_EVERY === 0)) {
      expect((await command(['check-config'], text, ENVIRONMENT)).code, text).to.equal(2);
    }

    // Under way until the second signal.
    const patient = await serveTls({ askClient: true, fault: FAULTS.silence });
    started.push(patient.close);
    await register(redis, 'consumer', uuidOf(8), { ip: HOST, port: new URL(patient.url).port });
    await patient.asked();
    running.signal('SIGTERM');
    await running.logged(({ event }) => event === 'process.stopping');
    running.signal('SIGTERM');
    expect(await running.ended()).to.equal(130);
    emitted['the database in the end'] = await dump(redis);
    emitted.run = running.output;
  });
  after(async () => {
    for (const end of started.reverse()) await end();
  });

  it('arrive where they belong', () => {
    const [request = ''] = consumers[0]?.requests ?? [];
    expect(secretsIn(request), 'a consumer').to.have.members(['syncQuery', 'syncHeader']);
    const [call] = producers[0]?.calls ?? [];
    expect(secretsIn(JSON.stringify(call)), 'a producer').to.have.members(['announceQuery', 'announceHeader']);
    expect(call !== undefined && verify(PLANTED.signing, call), 'the signature').to.equal(true);
    const hooked = hooks.requests.join('\n');
    expect(secretsIn(hooked), 'webhooks').to.have.members([
      ...['hookPassword', 'hookPath', 'hookHeader', 'hookTemplate', 'pingPath'],
    ]);
    expect(hooked).to.include('"config-rejected"').and.include('"redis-down"');
    expect(secretsIn(asked.join()), 'a source').to.deep.equal(['sourceQuery']);
    expect(clients, 'Redis').to.include(`user=${ACL_USER}`);
  });

  it('are nowhere in what is printed or stored', () => {
    for (const [where, text] of Object.entries(emitted)) expect(secretsIn(text), where).to.deep.equal([]);
    const lengths = Object.entries(emitted).map(([where, text]) => `${where} ${text.length}`);
    report(`${BROKEN.length} broken configurations; characters searched: ${lengths.join(', ')}`);
  });

  it('would be found there in plain, in a URL, in base64 and in hex', () => {
    for (const [name, secret] of Object.entries(PLANTED)) {
      const bytes = Buffer.from(`user:${secret}\n`);
      for (const text of [secret, url(secret), bytes.toString('base64'), bytes.toString('hex')]) {
        expect(secretsIn(`before ${text} after`), text).to.include(name);
      }
    }
  });
});
