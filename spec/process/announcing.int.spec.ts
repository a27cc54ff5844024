import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { leaseTerms } from '#src/domain/announce/terms.js';
import { Producer } from '#swarm/producer.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { keys, register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const OLD = 'dddddddd-0000-4000-8000-000000000000';
const NEW = 'eeeeeeee-0000-4000-8000-000000000000';
const IP = '93.184.216.34';
/** A stop may come between the lease of a delivery and its attempt. The lease then has to end first. */
const LEASE_MS = leaseTerms(5_000, { maxMs: 0 }).leaseMs;

describe('who is told our IP', () => {
  let server: RedisServer;
  let redis: Redis;
  let producers: Producer[] = [];
  let scheduler: Scheduler | undefined;

  const start = async (announce: object = {}): Promise<Scheduler> =>
    (scheduler = await Scheduler.start({
      uuid: US,
      redis: { url: server.url },
      publicIp: { override: IP },
      announce: { retry: { initial: '50ms', max: '200ms' }, ...announce },
      network: { allow: ['loopback'] },
      log: { level: 'debug' },
    }));
  const told = (i: number): readonly string[] => producers[i]?.told.get(US) ?? [];
  const join = (uuid: string, i: number) =>
    register(redis, 'producer', uuid, { ip: '127.0.0.1', port: producers[i]?.endpoint.port ?? 0 });

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = server.client();
    producers = await Promise.all([1, 2].map(() => Producer.start({ host: '127.0.0.1' })));
    await join(OLD, 0);
    // What an earlier life has left: our IP is what it was, and the first producer knows it.
    const at = Date.now() - 1_000;
    await redis.hset(keys.scheduler, { ip: IP, ip_changed_at: at });
    await redis.hset(keys.producer(OLD), { notified_ip: IP, notified_at: at + 10, attempts: 1 });
  });
  afterEach(async () => {
    await scheduler?.kill();
    await scheduler?.clear();
    for (const { endpoint } of producers) await endpoint.goDark();
    await server.stop();
  });

  it('only those who were there when it changed, unless something else is wanted', async () => {
    await join(NEW, 1);
    const running = await start();
    await running.logged(({ event }) => event === 'round.finished');
    await delay(100);
    expect(await running.stop()).to.equal(0);
    expect([told(0), told(1)]).to.deep.equal([[], []]);
  });

  it('newcomers as well, where that is wanted', async () => {
    await join(NEW, 1);
    const running = await start({ newcomers: true });
    const { message } = await running.logged(({ event }) => event === 'announcements.added');
    expect(message).to.equal(`${IP} is told to 1 newcomer`);
    await running.logged(({ event }) => event === 'announcements.complete');
    expect([told(0), told(1)]).to.deep.equal([[], [IP]]);
    // Where the first one was told is noted by now, and then it moves.
    expect(await running.stop()).to.equal(0);
    await join(OLD, 1);
    await start({ newcomers: true });
    await eventually(() => {
      expect([told(0), told(1)]).to.deep.equal([[], [IP, IP]]);
    });
  });

  it('everybody again after a while, where that is wanted', async () => {
    const running = await start({ refresh: '1s' });
    await eventually(() => {
      expect(told(0).length).to.be.at.least(3);
    });
    expect(new Set(told(0))).to.deep.equal(new Set([IP]));
    expect(await running.stop()).to.equal(0);
    const types = (await redis.xrange(keys.events, '-', '+')).map(([, [, type]]) => type);
    expect(
      types.filter((type) => type?.startsWith('announcement')),
      'routine',
    ).to.be.empty;
  });

  it('nobody without an address: named once, and tried ever more seldom, also in the next life', async () => {
    await redis.sadd(keys.producers, 'ghost');
    await redis.hset(keys.scheduler, 'ip', '93.184.216.35');
    const announce = { timeout: '5s', retry: { initial: '50ms', max: '1h' } };
    const named = (of: Scheduler) => of.lines.filter(({ event }) => event === 'peer.malformed').length;
    const attempts = async () => Number(await redis.zscore(keys.announcements, 'ghost')) % 1;
    const first = await start(announce);
    await eventually(async () => {
      expect(await attempts()).to.be.at.least(3 / 1_024);
    });
    expect(await first.stop()).to.equal(0);
    const before = await attempts();
    const second = await start(announce);
    await eventually(async () => {
      expect(await attempts()).to.be.at.least(before + 2 / 1_024);
    }, LEASE_MS + 15_000);
    expect([named(first), named(second)]).to.deep.equal([1, 0]);
    expect(await redis.exists(keys.producer('ghost'))).to.equal(0);
  }).timeout(LEASE_MS + 60_000);
});
