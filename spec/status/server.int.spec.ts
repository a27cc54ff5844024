import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { statusSchema, seriesSchema, peersSchema } from '#src/status/schema.js';
import { eventually } from '../support/eventually.js';
import { keys, privateRedis, register } from '../support/registry.js';
import { StatusHouse, type HouseOptions } from '../support/status/house.js';

describe('the status server', () => {
  const shared = privateRedis();
  let house: StatusHouse;
  const start = async (options: HouseOptions = {}): Promise<StatusHouse> =>
    (house = await StatusHouse.start(shared.redis, options));
  /** What comes back for these bytes, until the other side closes. */
  const raw = async (text: string): Promise<string> => {
    const socket = connect(house.port, '127.0.0.1');
    socket.end(text);
    let got = '';
    for await (const chunk of socket) got += String(chunk);
    return got;
  };

  afterEach(() => {
    house.close();
  });

  it('answers every path, and HEAD with the same headers and no body', async () => {
    await start();
    await register(shared.redis, 'consumer', 'c1');
    await house.round();
    const paths = [
      ...['/healthz', '/metrics', '/api/status', '/api/peers', '/api/peers/consumer/c1', '/api/series'],
      ...['/api/openapi.json', '/', '/assets/page/page.css'],
    ];
    for (const path of paths) {
      const got = await house.get(path);
      expect(got.status, path).to.equal(200);
      expect(got.headers, path).to.include({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
      expect(got.headers['content-security-policy'], path).to.match(/^default-src 'none'/);
      expect(got.headers['cache-control'], path).to.match(/^no-(store|cache)$/);
      expect(got.body.length, path).to.be.greaterThan(10);
      const head = await house.get(path, {}, 'HEAD');
      expect(head, path).to.include({ status: 200, body: '' });
      expect(head.headers['content-type'], path).to.equal(got.headers['content-type']);
    }
    expect((await house.get('/readyz')).status).to.equal(503);
    const events = await house.get('/api/events', {}, 'HEAD');
    expect(events).to.include({ status: 200, body: '' });
    expect(events.headers['content-type']).to.equal('text/event-stream');
  });

  it('answers at any spelling of its address, and where the target is a whole URL', async () => {
    await start();
    const hosts = [
      '[::ffff:127.0.0.1]:9464',
      '[0:0:0:0:0:0:0:1]',
      '[2001:DB8::0:1]:80',
      '127.0.0.1:',
      'LocalHost:99999',
    ];
    for (const host of hosts) {
      const { status, json } = await house.get('/api/status', { host });
      expect(status, host).to.equal(200);
      statusSchema.strict().parse(json);
    }
    for (const target of ['http://127.0.0.1:9464/healthz', 'http://[::ffff:7f00:1]/healthz']) {
      const got = await raw(`GET ${target} HTTP/1.1\r\nHost: x.example\r\nConnection: close\r\n\r\n`);
      expect(got, target).to.match(/^HTTP\/1\.1 200 .*\{"status":"alive"\}/s);
    }
  });

  it('answers what its schemas say', async () => {
    await start();
    await register(shared.redis, 'consumer', 'c1');
    await register(shared.redis, 'producer', 'p1');
    statusSchema.strict().parse((await house.get('/api/status')).json);
    seriesSchema.strict().parse((await house.get('/api/series')).json);
    for (const kind of ['consumer', 'producer']) {
      peersSchema.strict().parse((await house.get(`/api/peers?kind=${kind}`)).json);
    }
  });

  it('shows the page to whoever does not ask for text, and text to the programs of a terminal', async () => {
    await start();
    const typeOf = async (headers: Readonly<Record<string, string>>): Promise<string> => {
      const { status, headers: got } = await house.get('/', headers);
      expect(status).to.equal(200);
      expect(got.vary).to.equal('accept, user-agent');
      return got['content-type']?.split(';', 1).join('') ?? '';
    };
    const any = { accept: '*/*' };
    const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'user-agent': 'Mozilla/5.0' };
    for (const headers of [
      {},
      any,
      browser,
      { ...any, 'user-agent': 'node' },
      { accept: 'text/html', 'user-agent': 'curl/8' },
    ]) {
      expect(await typeOf(headers), JSON.stringify(headers)).to.equal('text/html');
    }
    const terminals = ['curl/8.5.0', 'Wget/1.21.4', 'HTTPie/3.2.2', 'xh/0.22.2'].map((name) => ({
      'user-agent': name,
    }));
    for (const headers of [
      ...terminals,
      ...terminals.map((one) => ({ ...one, ...any })),
      { accept: 'text/plain, */*' },
    ]) {
      expect(await typeOf(headers), JSON.stringify(headers)).to.equal('text/plain');
    }
  });

  it('serves nothing else', async () => {
    await start();
    const paths = [
      ...['/nothing', '/api', '/api/', '/api/status/', '/api/peers/', '/api/peers/consumer', '/api/peers/other/x'],
      ...['/api/peers/consumer/nobody', '/api/peers/consumer/', '/api/peers/producer/nobody', '/%', '/%ff', '/%00'],
      ...['/assets', '/assets/', '/assets/../package.json', '/assets/%2e%2e/main.js', '//evil.example/', '/.env'],
      ...['/api/peers/consumer/%', '/api/peers/consumer/%00', '/healthz/', '/__proto__', '/constructor'],
    ];
    for (const path of paths) {
      const { status, json } = await house.get(path);
      expect(status, path).to.equal(404);
      expect(json, path).to.have.property('error').that.is.a('string');
    }
    expect((await house.get('/', {}, 'POST')).status).to.equal(405);
  });

  it('names the parameter that is wrong, and what was expected', async () => {
    await start();
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['/api/peers?kind=all', /^kind: expected consumer or producer$/],
      ['/api/peers?state=A', /^state: expected states/],
      ['/api/peers?sort=age', /^sort: expected one of problems, uuid/],
      ['/api/peers?sort=--ip', /^sort: expected one of/],
      [`/api/peers?q=${'x'.repeat(101)}`, /^q: expected at most 100 characters$/],
      ['/api/peers?cursor=abc', /^cursor: expected the `next` of a page before$/],
      ['/api/peers?cursor=', /^cursor: expected the `next` of a page before$/],
      [`/api/peers?cursor=${'x'.repeat(1_001)}`, /^cursor: expected the `next` of a page before$/],
      ['/api/series?from=yesterday', /^from: expected a whole number from 0 to/],
      ['/api/series?to=-1', /^to: expected a whole number/],
      ['/api/series?from=', /^from: expected a whole number/],
      ['/api/peers?kind=x&limit=0', /^kind: .*; limit: /],
      ...['0', '-1', '1001', '1.5', 'x', '', '1e2', '0x10', '%205', 'NaN', 'Infinity', '9'.repeat(30)].map(
        (limit): [string, RegExp] => [`/api/peers?limit=${limit}`, /^limit: expected a whole number from 1 to 1000$/],
      ),
    ];
    for (const [path, text] of wrong) {
      const { status, json } = await house.get(path);
      expect(status, path).to.equal(400);
      expect((json as { error: string }).error, path).to.match(text);
    }
    for (const path of [
      '/api/peers?limit=1000&unknown=1',
      '/api/peers?q=',
      '/api/series?from=5&to=3',
      '/api/status?x',
    ]) {
      expect((await house.get(path)).status, path).to.equal(200);
    }
  });

  it('asks for the token on all but the probes, which then tell codes alone', async () => {
    await start({ status: { token: 'planted-token-1234' } });
    for (const path of [
      '/',
      '/metrics',
      '/api/status',
      '/api/events',
      '/api/openapi.json',
      '/assets/page/page.css',
      '/x',
    ]) {
      const { status, headers, body } = await house.get(path);
      expect(status, path).to.equal(401);
      expect(headers['www-authenticate']).to.match(/^Basic /);
      expect(body).to.not.include('planted');
    }
    const reasons = async (headers = {}): Promise<unknown> =>
      ((await house.get('/readyz', headers)).json as { reasons: unknown }).reasons;
    expect(await reasons()).to.deep.equal([{ code: 'starting' }]);
    const authorization = 'Bearer planted-token-1234';
    expect(await reasons({ authorization })).to.deep.equal([
      { code: 'starting', text: 'the first round has not ended' },
    ]);
    expect((await house.get('/healthz')).status).to.equal(200);
    expect((await house.get('/api/status', { authorization })).status).to.equal(200);
  });

  it('asks nothing of Redis for its probes, which come every few seconds for ever', async () => {
    await start();
    const processed = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(await shared.redis.info('stats'))?.[1]);
    const before = await processed();
    for (const path of ['/healthz', '/readyz', '/healthz', '/readyz']) await house.get(path);
    // The second look itself is one.
    expect((await processed()) - before).to.equal(1);
    await house.get('/api/status');
    expect((await processed()) - before).to.be.greaterThan(2);
  });

  it('tells each name under which it is asked in vain once, and few of them', async () => {
    await start();
    const refused = (): number => house.events.filter(({ kind }) => kind === 'status.refused').length;
    for (let i = 0; i < 3; i += 1) {
      const { status, body } = await house.get('/api/status', { host: 'evil.example' });
      expect(status).to.equal(421);
      expect(body).to.include('status.allowedHosts');
    }
    expect(refused()).to.equal(1);
    for (let i = 0; i < 50; i += 1) await house.get('/', { host: `n${String(i)}.example` });
    expect(refused()).to.be.within(2, 25);
    expect(await raw('GET /healthz HTTP/1.0\r\n\r\n')).to.match(/^HTTP\/1\.1 421 /);
    expect(refused()).to.be.within(2, 25);
  });

  it('tells what it could not answer for once, and goes on', async () => {
    await start();
    house.metrics.text = () => Promise.reject(new TypeError('x is not iterable'));
    for (let i = 0; i < 3; i += 1) {
      expect(await house.get('/metrics')).to.deep.include({ status: 500, json: { error: 'a fault of its own' } });
    }
    const faults = house.events.filter((event) => event.kind === 'status.fault');
    expect(faults.map(({ path, reason }) => [path, reason])).to.deep.equal([['/metrics', 'x is not iterable']]);
    expect((await house.get('/healthz')).status).to.equal(200);
  });

  it('takes a token, names and a base path that change while it runs', async () => {
    await start();
    const change = (status: object): void => {
      house.config = { ...house.config, status: { ...house.config.status, ...status } };
    };
    const status = async (path: string, headers = {}): Promise<number> => (await house.get(path, headers)).status;
    change({ allowedHosts: ['proxy.example'], basePath: '/node' });
    expect(await status('/node/api/status', { host: 'proxy.example' })).to.equal(200);
    expect(await status('/api/status')).to.equal(404);
    expect((await house.get('/node/', { accept: 'text/html' })).body).to.include('"/node/assets/');
    change({ token: 'planted-token-1234' });
    expect(await status('/node/api/status')).to.equal(401);
    change({ token: undefined, allowedHosts: [], basePath: '/' });
    expect(await status('/api/status')).to.equal(200);
    expect(await status('/api/status', { host: 'proxy.example' })).to.equal(421);
  });

  it('ends the event streams of those that were let in under another token', async () => {
    await start();
    const stream = await house.answer('/api/events');
    stream.resume();
    house.config = { ...house.config, status: { ...house.config.status, token: 'planted-token-1234' } };
    await once(stream, 'close');
    const authorization = 'Bearer planted-token-1234';
    const allowed = await house.answer('/api/events', { authorization });
    await once(allowed, 'data');
    allowed.destroy();
  });

  it('says what is wrong with a request that is none', async () => {
    await start();
    const cookie = 'x'.repeat(9_000);
    expect(await raw('nonsense\r\n\r\n')).to.match(/^HTTP\/1\.1 400 /);
    expect(await raw(`GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`)).to.match(/^HTTP\/1\.1 431 /);
    expect(await raw('GET / HTTP/1.1\r\n\r\n')).to.match(/^HTTP\/1\.1 400 /);
    expect(await raw('GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).to.match(
      /^HTTP\/1\.1 421 /,
    );
    expect((await house.get('/healthz')).status).to.equal(200);
  });

  it('tells that its port is taken, tries again, and has it once it is free', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as { port: number };
    house = new StatusHouse(shared.redis, { status: { port }, retryMs: 50 });
    house.open();
    const failures = (): number => house.events.filter(({ kind }) => kind === 'status.failed').length;
    await eventually(() => {
      expect(failures()).to.be.greaterThan(1);
    });
    expect(house.events[0]).to.include({ host: '127.0.0.1', port, reason: 'the port is taken by another program' });
    expect(house.events[0]).to.include({ retryInMs: 50 });
    other.close();
    await house.listening();
    expect((await house.get('/healthz')).status).to.equal(200);
    expect(house.port).to.equal(port);
  });

  it('closes a connection whose answers nobody reads', async () => {
    await start({ stalledMs: 300 });
    const socket = connect(house.port, '127.0.0.1').pause();
    socket.on('error', () => undefined);
    const many = 500;
    socket.write('GET /assets/vendor/uPlot.js HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(many));
    // Nothing can be seen of its end before something is read.
    await delay(4_000);
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString('latin1'))).resume();
    await once(socket, 'close');
    expect(got.split('HTTP/1.1 200').length - 1).to.be.within(1, many - 1);
    expect((await house.get('/healthz')).status).to.equal(200);
  });

  it('listens on IPv6 as well, and says where', async function () {
    house = new StatusHouse(shared.redis, { status: { host: '[::1]', port: 0 } });
    house.open();
    await eventually(() => {
      expect(house.events.length).to.be.greaterThan(0);
    });
    const [event] = house.events;
    if (event?.kind === 'status.failed') this.skip();
    expect(house.base).to.match(/^http:\/\/\[::1\]:\d+\/$/);
  });

  it('leaves nothing open when it ends, streams and resting connections included', async () => {
    await start();
    const stream = await house.answer('/api/events');
    stream.resume();
    const ended = once(stream, 'close');
    const idle = connect(house.port, '127.0.0.1');
    await once(idle, 'connect');
    idle.resume();
    const closed = once(idle, 'close');
    const { port } = house;
    house.stop();
    await Promise.all([ended, closed]);
    const refused = connect(port, '127.0.0.1');
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNREFUSED');
    expect(await shared.redis.exists(keys.events)).to.equal(0);
  });

  it('answers readiness through a start, an outage, isolation and an end', async () => {
    await start();
    const { observations } = house;
    const ready = async (): Promise<readonly unknown[]> => {
      const { status, json } = await house.get('/readyz');
      const { status: word, reasons = [] } = json as { status: string; reasons?: { code: string }[] };
      return [status, word, ...reasons.map(({ code }) => code)];
    };
    const at = Date.now();
    expect(await ready()).to.deep.equal([503, 'not-ready', 'starting']);
    observations.accept({ kind: 'round.started', at, lane: 'regular', round: 1 });
    observations.accept({
      ...{
        kind: 'round.finished',
        skipped: 0,
        at,
        lane: 'regular',
        round: 1,
        tookMs: 1,
        ok: 0,
        failed: 0,
        aborted: false,
        local: 0,
      },
    });
    expect(await ready()).to.deep.equal([200, 'ready']);
    observations.accept({ kind: 'redis.down', at, reason: 'refused' });
    expect(await ready()).to.deep.equal([503, 'not-ready', 'redis-down']);
    observations.accept({ kind: 'isolation.began', at, scope: 'public IPv4', peers: 3 });
    expect(await ready()).to.deep.equal([503, 'not-ready', 'redis-down', 'isolated']);
    observations.accept({ kind: 'redis.up', at });
    observations.accept({ kind: 'isolation.ended', at, scope: 'public IPv4' });
    expect(await ready()).to.deep.equal([200, 'ready']);
    observations.accept({ kind: 'process.stopping', at, signal: 'SIGTERM' });
    expect(await ready()).to.deep.equal([503, 'not-ready', 'stopping']);
    expect((await house.get('/healthz')).status).to.equal(200);
  });
});
