import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { statusSchema, type Status } from '#src/status/schema.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { Neighbours } from '../support/neighbours.js';

const SECRETS = {
  token: 'planted-token-0123456789',
  header: 'planted-header-value',
  signing: 'planted-signing-secret',
  password: 'planted-source-password',
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('the status server of the built program', () => {
  let neighbours: Neighbours;
  let server: RedisServer;
  let scheduler: Scheduler | undefined;
  let base = '';
  let sockets: Socket[];

  const settings = (status: object = {}, over: object = {}): object => ({
    ...neighbours.settings({ url: server.url }),
    status: { port: 0, ...status },
    ...over,
  });
  const start = async (config: object): Promise<Scheduler> => (scheduler = await Scheduler.start(config));
  /** Starts it, and waits until it says where it listens. */
  const serve = async (status: object = {}, over: object = {}): Promise<Scheduler> => {
    const running = await start(settings(status, over));
    const { message } = await running.logged(({ event }) => event === 'status.listening');
    base = /http:\S+/.exec(message)?.[0] ?? '';
    return running;
  };
  const ask = async (path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> => {
    const [response] = (await once(get(new URL(path, base), { headers, agent: false }), 'response')) as [
      IncomingMessage,
    ];
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  };
  const statusNow = async (): Promise<Status> => statusSchema.parse(JSON.parse((await ask('/api/status')).body));
  const ready = async (): Promise<readonly unknown[]> => {
    const { status, body } = await ask('/readyz');
    const { reasons = [] } = JSON.parse(body) as { reasons?: { code: string }[] };
    return [status, ...reasons.map(({ code }) => code)];
  };
  const becomes = (expected: readonly unknown[]): Promise<void> =>
    eventually(async () => {
      expect(await ready()).to.deep.equal(expected);
    });
  const open = async (many: number): Promise<readonly Socket[]> => {
    const { port } = new URL(base);
    const one = (): Socket =>
      connect(Number(port), '127.0.0.1')
        .on('error', () => undefined)
        .resume();
    const opened = Array.from({ length: many }, one);
    sockets.push(...opened);
    await Promise.all(opened.map((socket) => once(socket, 'connect')));
    return opened;
  };

  beforeEach(async () => {
    neighbours = await Neighbours.start();
    server = await RedisServer.start();
    await neighbours.register(server.client());
    sockets = [];
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await scheduler?.kill();
    await scheduler?.clear();
    scheduler = undefined;
    await neighbours.stop();
    await server.stop();
  });

  it('says where it listens, and tells what its schemas say of a node that works', async () => {
    await serve();
    expect(base).to.match(/^http:\/\/127\.0\.0\.1:[1-9]\d+\/$/);
    await becomes([200]);
    await eventually(async () => {
      const status = await statusNow();
      expect(status.peers.consumers).to.include({ available: 4 });
      expect(status.case, status.summary).to.equal('well');
      expect(status.ip.value).to.equal(neighbours.ip);
      expect(status.announcements.producers_know).to.deep.equal({ count: 3, of: 3, share: 1 });
    });
    expect((await ask('/metrics')).body).to.match(/^consumer_scheduler_ip_changes_total 1$/m);
    expect((await ask('/', { accept: 'text/plain' })).body).to.match(/^OK: Well connected: 4 of 4 consumers answer/);
  });

  it('warns of a port that is taken, and the work goes on', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as { port: number };
    const running = await start(settings({ port }));
    const { message, level } = await running.logged(({ event }) => event === 'status.failed');
    expect(level).to.equal('warn');
    expect(message).to.match(
      new RegExp(`127\\.0\\.0\\.1, port ${port}: the port is taken by another program; .*every 30`),
    );
    await running.logged(({ event }) => event === 'round.finished');
    other.close();
    expect(await running.stop()).to.equal(0);
  });

  it('warns at the start where others can reach it and no token is asked for', async () => {
    const running = await serve({ host: '0.0.0.0' });
    const line = await running.logged(({ message }) => message.includes('status.token'));
    expect(line.level).to.equal('warn');
    expect(await running.stop()).to.equal(0);
    const guarded = await serve({ host: '0.0.0.0', token: SECRETS.token });
    expect(guarded.output).to.not.include('status.token');
  });

  it('takes a token, names and a base path while it runs, and logs a strange name once', async () => {
    const running = await serve();
    const strange = { host: 'proxy.example' };
    for (let i = 0; i < 3; i += 1) expect((await ask('/api/status', strange)).status).to.equal(421);
    const refusals = () => running.lines.filter(({ event }) => event === 'status.refused');
    await running.logged(({ event }) => event === 'status.refused');
    expect(refusals().map(({ message }) => /"proxy\.example".*status\.allowedHosts/.test(message))).to.deep.equal([
      true,
    ]);
    await running.reconfigure(settings({ token: SECRETS.token, allowedHosts: ['Proxy.Example'], basePath: '/node' }));
    await running.logged(({ event }) => event === 'config.reloaded');
    expect((await ask('/node/api/status', strange)).status).to.equal(401);
    const authorization = `Bearer ${SECRETS.token}`;
    expect((await ask('/node/api/status', { ...strange, authorization })).status).to.equal(200);
    expect((await ask('/api/status', { ...strange, authorization })).status).to.equal(404);
    expect(refusals().length).to.equal(1);
  });

  it('stops and starts with status.enabled', async () => {
    const running = await serve();
    await running.reconfigure(settings({ enabled: false }));
    await eventually(async () => {
      const failed = await ask('/healthz').then(
        () => false,
        () => true,
      );
      expect(failed).to.equal(true);
    });
    await running.reconfigure(settings());
    await eventually(() => {
      expect(running.lines.filter(({ event }) => event === 'status.listening').length).to.equal(2);
    });
    expect(await running.stop()).to.equal(0);
  });

  it('is alive and not ready while Redis is away, from the start on, and says why', async () => {
    await server.kill();
    const running = await serve();
    expect(await ready()).to.deep.equal([503, 'redis-down', 'starting']);
    expect((await ask('/healthz')).status).to.equal(200);
    await server.launch();
    await neighbours.register(server.client());
    await becomes([200]);
    await server.kill();
    await becomes([503, 'redis-down']);
    // Nobody has asked for them before.
    const known = JSON.parse((await ask('/api/peers?kind=producer')).body) as { total: number; as_of: number };
    expect(known.total).to.equal(3);
    expect(known.as_of).to.be.below(Date.now());
    expect((await statusNow()).case).to.equal('redis-down');
    await server.launch();
    await becomes([200]);
    expect(await running.stop()).to.equal(0);
  });

  it('is not ready while isolated, and again once somebody answers', async () => {
    await serve();
    await becomes([200]);
    for (const { endpoint } of neighbours.consumers) endpoint.behave('silence');
    await becomes([503, 'isolated']);
    expect(await statusNow()).to.include({ case: 'isolated', isolated: true });
    for (const { endpoint } of neighbours.consumers) endpoint.behave('well');
    await becomes([200]);
  });

  it('ends with the program, readers and resting connections included', async () => {
    const running = await serve();
    const [idle] = await open(1);
    const reading = get(new URL('/api/events', base), { agent: false });
    const [stream] = (await once(reading, 'response')) as [IncomingMessage];
    stream.resume();
    idle?.resume();
    const ends = Promise.all([once(stream, 'close'), idle === undefined ? undefined : once(idle, 'close')]);
    expect(await running.stop()).to.equal(0);
    await ends;
  });

  it('keeps its rounds under clients that send nothing, or slowly, and answers again afterwards', async () => {
    const running = await serve(
      {},
      {
        sync: { interval: '200ms', timeout: '5s' },
      },
    );
    await becomes([200]);
    const slow = await open(200);
    await open(800);
    for (const socket of slow) socket.write('GET /api/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    const dripping = setInterval(() => {
      for (const socket of slow) if (!socket.destroyed) socket.write('x');
    }, 200);
    const before = neighbours.consumers.map(({ endpoint }) => endpoint.calls.length);
    const since = Date.now();
    expect((await ask('/healthz')).status).to.equal(200);
    await eventually(() => {
      for (const socket of sockets) expect(socket.destroyed || socket.readableEnded).to.equal(true);
    }, 20_000);
    clearInterval(dripping);
    const rounds = (Date.now() - since) / 200;
    neighbours.consumers.forEach(({ endpoint }, i) => {
      expect(endpoint.calls.length - (before[i] ?? 0)).to.be.greaterThan(rounds * 0.7);
    });
    const { lanes, peers } = await statusNow();
    expect(lanes.regular.skipped).to.be.lessThan(rounds * 0.2);
    expect(peers.consumers.available).to.equal(4);
    expect(await running.stop()).to.equal(0);
  }).timeout(60_000);

  it('tells no secret, in no answer, no error and no line of the log', async () => {
    const [first] = neighbours.settings({}).publicIp.sources;
    const source = (first?.url ?? '').replace('http://', `http://user:${SECRETS.password}@`);
    const secret = (token: string): object =>
      settings(
        { token },
        {
          sync: { interval: '100ms', headers: { authorization: SECRETS.header }, path: `/sync?key=${SECRETS.header}` },
          http: { signing: { secret: SECRETS.signing } },
          publicIp: { interval: '100ms', sources: [{ url: `${source}?key=${SECRETS.password}` }] },
        },
      );
    const running = await start(secret(SECRETS.token));
    const { message } = await running.logged(({ event }) => event === 'status.listening');
    base = /http:\S+/.exec(message)?.[0] ?? '';
    await becomes([200]);
    // One that is refused is named in the log and in the status.
    await running.reconfigure(secret('planted-short'));
    await running.logged(({ event }) => event === 'config.rejected');
    const authorization = `Bearer ${SECRETS.token}`;
    const uuid = neighbours.consumers[0]?.uuid ?? '';
    const paths = ['/', '/api/status', '/api/peers', `/api/peers/consumer/${uuid}`, '/metrics', '/api/openapi.json'];
    for (const path of [...paths, '/api/series', '/readyz', '/nothing']) {
      for (const headers of [{ authorization }, {}, { authorization: `Bearer ${SECRETS.token}x` }]) {
        expect((await ask(path, headers)).body, path).to.not.include('planted');
      }
    }
    expect((await ask('/api/status', { authorization })).body).to.include('config-rejected');
    expect(await running.stop()).to.equal(0);
    expect(running.output).to.not.include('planted');
  });
});
