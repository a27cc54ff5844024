import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { TEMPLATES } from '#src/domain/notify/template.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { Scheduler, type LogLine } from '#swarm/scheduler.js';
import { FAULTS, type Fault } from '../clients/faults.js';
import { servePlain, serveTls, type TestServer } from '../clients/testServer.js';
import { eventually } from '../support/eventually.js';
import { privateRedis, register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEER = 'aaaaaaaa-0000-4000-8000-000000000000';
const PLANTED = 'plantedHook';
const OWN = `{"key": "${PLANTED}", "all": "{{event}} {{phase}} {{title}} {{text}}"}`;
const EVERY_EVENT = ['isolated', 'ip-changed', 'announcement-stuck', 'peer-down', 'config-rejected', 'redis-down'];

describe('notifications', function () {
  this.timeout(60_000);
  const shared = privateRedis();
  let redis: Redis;
  let peer: Endpoint;
  const receivers: TestServer[] = [];
  const running: Scheduler[] = [];

  beforeEach(async () => {
    ({ redis } = shared);
    peer = await startConsumer({ uuid: PEER, host: '127.0.0.1' });
    await register(redis, 'consumer', PEER, { ip: '127.0.0.1', port: peer.port });
  });
  afterEach(async () => {
    for (const scheduler of running.splice(0)) {
      await scheduler.kill();
      await scheduler.clear();
    }
    await peer.goDark();
    for (const receiver of receivers.splice(0)) await receiver.close();
  });

  const receiver = async (fault: Fault = FAULTS.well): Promise<TestServer> => {
    const server = await servePlain(fault);
    receivers.push(server);
    return server;
  };
  /** A URL that is a secret in each of its parts. */
  const secret = ({ url }: TestServer): string =>
    url.replace('//', `//${PLANTED}:${PLANTED}@`).replace('/sync', `/${PLANTED}?key=${PLANTED}`);
  const webhook = (server: TestServer, over: object = {}) => ({
    ...{ webhook: secret(server), events: EVERY_EVENT, headers: { 'x-key': PLANTED } },
    ...over,
  });
  const settings = (notify: readonly object[], over: object = {}) => ({
    uuid: US,
    redis: { url: shared.server.url },
    sync: { interval: '150ms', timeout: '100ms', suspectInterval: '100ms', unavailable: { interval: '150ms' } },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
    log: { level: 'debug' },
    notify,
    ...over,
  });
  const start = async (notify: readonly object[], over: object = {}): Promise<Scheduler> => {
    const scheduler = await Scheduler.start(settings(notify, over));
    running.push(scheduler);
    return scheduler;
  };
  const command = async (notify: readonly object[], ...words: string[]) => {
    const child = await Scheduler.start(settings(notify), {}, words);
    const code = await child.ended();
    await child.clear();
    return { code, output: child.output };
  };
  const bodies = ({ requests }: TestServer): Record<string, unknown>[] =>
    requests.map((request) => JSON.parse(request.split('\r\n\r\n')[1] ?? '') as Record<string, unknown>);
  const rounds = ({ lines }: Scheduler): readonly LogLine[] =>
    lines.filter(({ event, message }) => event === 'round.finished' && message.startsWith('round '));
  const moreRounds = (scheduler: Scheduler, count: number): Promise<void> => {
    const wanted = rounds(scheduler).length + count;
    return eventually(() => {
      expect(rounds(scheduler).length).to.be.at.least(wanted);
    });
  };

  it('reach a receiver in each of the formats', async () => {
    const servers = await Promise.all([...TEMPLATES, OWN].map(() => receiver()));
    const entries = servers.map((server, i) => webhook(server, { template: [...TEMPLATES, OWN][i] }));
    await start(entries);
    await Promise.all(servers.map((server) => server.asked()));
    const [json, ntfy, gotify, slack, mattermost, discord, own] = servers.map((server) => bodies(server)[0]);
    const title = /^consumer-scheduler on \S+: our public IP is 127\.0\.0\.1$/;
    expect(json).to.include({ event: 'ip-changed', phase: 'happened', level: 'notice', node: US });
    for (const body of [json, ntfy, gotify]) expect(body?.title).to.match(title);
    expect(ntfy).to.include({ topic: PLANTED });
    for (const body of [slack, mattermost]) expect(body?.text).to.include('our public IP is 127.0.0.1');
    expect(discord?.content).to.include('our public IP is 127.0.0.1');
    expect(own)
      .to.include({ key: PLANTED })
      .and.have.property('all')
      .that.match(/^ip-changed happened /);
    const [request = ''] = servers[0]?.requests ?? [];
    expect(request).to.include(`x-key: ${PLANTED}`).and.include(`POST /${PLANTED}?key=${PLANTED} `);
  });

  it('tell the beginning, another cause and the end of a file that is not valid, once each, live on reload', async () => {
    const server = await receiver();
    const entries = [webhook(server, { events: ['config-rejected'] })];
    const scheduler = await start([]);
    await moreRounds(scheduler, 1);
    const step = async (config: object, event: string): Promise<void> => {
      const from = scheduler.lines.length;
      await scheduler.reconfigure(config);
      await scheduler.logged((line) => line.event === event && scheduler.lines.indexOf(line) >= from);
    };
    await step(settings(entries), 'config.reloaded');
    await step(settings(entries, { sycn: {} }), 'config.rejected');
    await step(settings(entries, { uuid: 'me' }), 'config.rejected');
    await step(settings(entries), 'config.reloaded');
    await eventually(() => {
      expect(bodies(server).map(({ phase }) => phase)).to.deep.equal(['began', 'changed', 'ended']);
    });
    expect(scheduler.output).to.not.include(PLANTED);
  });

  it('never touch a round, whatever a receiver does, and give no secret away', async () => {
    const bad = [
      FAULTS.silence,
      FAULTS.earlyHints,
      FAULTS.notFound,
      FAULTS.redirectLoop,
      FAULTS.resetAtOnce,
      FAULTS.busy,
    ];
    const servers = await Promise.all(bad.map((fault) => receiver(fault)));
    const stranger = await serveTls();
    receivers.push(stranger);
    const all = [...servers, stranger];
    const entries = all.flatMap((server) => [
      webhook(server),
      webhook(server, { template: OWN }),
      { ping: secret(server) },
    ]);
    // Long enough that nothing but a receiver could hold a round up, also on a busy machine.
    const sync = { ...settings([]).sync, interval: '1s', timeout: '800ms' };
    const scheduler = await start(entries, { sync });
    await Promise.all(servers.filter((_, i) => bad[i] !== FAULTS.resetAtOnce).map((server) => server.asked()));
    const from = scheduler.lines.length;
    await moreRounds(scheduler, 8);
    expect(scheduler.lines.slice(from).filter(({ event }) => event === 'round.skipped')).to.deep.equal([]);
    for (const { message } of rounds(scheduler).slice(1)) expect(message).to.match(/: 1 of 1 answered in \d+ ms$/);
    const told = scheduler.lines.filter(({ event }) => event === 'notification.failed').map(({ message }) => message);
    for (const reason of ['http-404', 'redirect', 'reset', 'http-503', 'tls']) {
      expect(told.filter((message) => message.includes(`: ${reason};`)).length, reason).to.be.at.least(1);
    }
    expect(await scheduler.stop()).to.equal(0);
    running.pop();
    expect(scheduler.output).to.not.include(PLANTED);
  });

  it('are silent on a standby, which tells that it took over', async () => {
    const [first, second] = [await receiver(), await receiver()];
    const leader = await start([webhook(first), { ping: secret(first) }]);
    await first.asked();
    const standby = await start([webhook(second, { events: [...EVERY_EVENT, 'took-over'] })]);
    await standby.logged(({ event }) => event === 'leader.standing-by');
    await standby.reconfigure({ uuid: 'me' });
    await standby.logged(({ event }) => event === 'config.rejected');
    await moreRounds(leader, 3);
    expect(second.requests).to.deep.equal([]);
    await leader.stop();
    await second.asked();
    await eventually(() => {
      const told = bodies(second).map(({ event, phase }) => `${String(event)} ${String(phase)}`);
      expect(told).to.include.members(['took-over happened', 'config-rejected began']);
    });
  });

  it('ping by GET after a good round, and not again within a minute', async () => {
    const server = await receiver(FAULTS.noContent);
    const scheduler = await start([{ ping: secret(server) }]);
    await server.asked();
    expect(server.requests[0]).to.include(`GET /${PLANTED}?key=${PLANTED} `);
    expect(rounds(scheduler).length).to.be.at.least(1);
    await moreRounds(scheduler, 10);
    expect(server.requests).to.have.length(1);
  });

  it('do not ping for rounds that can’t be written', async () => {
    const server = await receiver();
    await redis.config('SET', 'maxmemory', '1');
    const scheduler = await start([{ ping: secret(server) }]);
    await moreRounds(scheduler, 5);
    expect(server.requests).to.deep.equal([]);
    await redis.config('SET', 'maxmemory', '0');
    await server.asked();
  });

  describe('notify test', () => {
    it('says what each answered, and exits with 0 where all took it', async () => {
      const [hook, health] = [await receiver(), await receiver(FAULTS.noContent)];
      const { code, output } = await command(
        [webhook(hook, { template: 'slack' }), { ping: secret(health) }],
        'notify',
        'test',
      );
      expect(output).to.equal('notify.0 (slack): answered 200\nnotify.1 (ping): answered 204\n');
      expect(code).to.equal(0);
      expect(bodies(hook)[0]?.text).to.include('a test');
      expect(health.requests[0]).to.match(/^GET /);
    });

    it('exits with 1 where one did not, and shows no secret', async () => {
      const faults = [FAULTS.well, FAULTS.notFound, FAULTS.redirectLoop, FAULTS.resetAfterRequest];
      const servers = await Promise.all(faults.map((fault) => receiver(fault)));
      const { code, output } = await command(
        servers.map((server) => webhook(server, { template: OWN })),
        'notify',
        'test',
      );
      expect(code).to.equal(1);
      expect(output).to.not.include(PLANTED);
      expect(output.trim().split('\n')).to.have.members([
        'notify.0 (webhook): answered 200',
        'notify.1 (webhook): failed: http-404',
        'notify.2 (webhook): failed: redirect',
        'notify.3 (webhook): failed: reset',
        '3 of 4 did not take it',
      ]);
    });

    it('exits with 1 where there is nobody to tell', async () => {
      const { code, output } = await command([], 'notify', 'test');
      expect([code, output]).to.deep.equal([1, 'nobody to tell: notify is empty (docs/alerts.md)\n']);
    });
  });

  it('check-config shows none of their secrets', async () => {
    const server = await receiver();
    const { code, output } = await command(
      [webhook(server, { template: OWN }), { ping: secret(server) }],
      'check-config',
    );
    expect(code).to.equal(0);
    expect(output).to.include('notify:').and.not.include(PLANTED);
  });
});
