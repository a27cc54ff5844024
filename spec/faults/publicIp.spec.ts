import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { Producer } from '#swarm/producer.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { keys, register } from '../support/registry.js';
import { report, scale } from '../support/scale.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
/** Addresses that could be ours; nothing is ever sent there. */
const RIGHT = '93.184.216.1';
const NEW = '93.184.216.2';
const WRONG = '93.184.216.66';
const INTERVAL_MS = 200;

/** A source of the public IP that can be made to lie. */
class Service {
  asked = 0;
  answer: RequestListener = say(RIGHT);

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<Service> {
    const holder: { service?: Service } = {};
    const server = createServer((request, response) => {
      const { service } = holder;
      if (service === undefined) return;
      service.asked += 1;
      service.answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (holder.service = new Service(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

function say(text: string, status = 200): RequestListener {
  return (_, response) => {
    response.writeHead(status).end(text);
  };
}

/** What a source may come up with instead of our address. */
const LIES: Readonly<Record<string, RequestListener>> = {
  'another address': say(WRONG),
  'a private address': say('192.168.1.1'),
  'half an address': say('93.184.216'),
  'the page of a captive portal': say(`<html><title>Welcome</title>${WRONG}</html>`),
  'two addresses': say(`${RIGHT} ${WRONG}`),
  'an address of the other family': say('2606:4700::1'),
  'an error': say(WRONG, 500),
  'a redirect': (_, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(WRONG);
  },
  silence: () => undefined,
  'a cut connection': (request) => {
    request.socket.resetAndDestroy();
  },
  flapping: (_, response) => {
    response.end(Math.random() < 0.5 ? RIGHT : WRONG);
  },
};

describe('faults of the public IP’s sources', () => {
  let server: RedisServer;
  let redis: Redis;
  let services: Service[] = [];
  let producers: Producer[] = [];
  let scheduler: Scheduler | undefined;

  const start = async (over: object = {}): Promise<Scheduler> =>
    (scheduler = await Scheduler.start({
      uuid: US,
      redis: { url: server.url },
      publicIp: {
        interval: INTERVAL_MS,
        timeout: '100ms',
        sources: services.map(({ url }) => ({ url })),
        ...over,
      },
      network: { allow: ['loopback'] },
    }));
  const told = () => producers.map((producer) => producer.told.get(US) ?? []);
  /** Until the sources have been asked so many times more. */
  const polls = async (n: number): Promise<void> => {
    const asked = services.reduce((sum, one) => sum + one.asked, 0);
    await eventually(() => {
      expect(services.reduce((sum, one) => sum + one.asked, 0)).to.be.at.least(asked + n);
    });
  };

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = server.client();
    services = await Promise.all([Service.start(), Service.start(), Service.start()]);
    producers = await Promise.all([1, 2, 3].map(() => Producer.start({ host: '127.0.0.1' })));
    for (const [i, { endpoint }] of producers.entries()) {
      await register(redis, 'producer', `dddddddd-0000-4000-8000-00000000000${i}`, {
        ip: '127.0.0.1',
        port: endpoint.port,
      });
    }
  });
  afterEach(async () => {
    await scheduler?.kill();
    await scheduler?.clear();
    for (const service of services) service.stop();
    for (const { endpoint } of producers) await endpoint.goDark();
    await server.stop();
  });

  for (const [what, lie] of Object.entries(LIES)) {
    it(`one source of three with ${what}: no wrong IP leaves, and the right one is not lost`, async () => {
      const [liar, ...honest] = services;
      if (liar !== undefined) liar.answer = lie;
      const running = await start();
      await running.logged(({ event }) => event === 'announcements.complete');
      await polls(6);
      for (const service of honest) service.answer = say(NEW);
      await Promise.all(
        producers.map(({ endpoint, told: ips }) => endpoint.until(() => ips.get(US)?.at(-1) === NEW, 20_000)),
      );
      expect(told()).to.deep.equal(producers.map(() => [RIGHT, NEW]));
    });
  }

  it('all of them silent: what is known stays known, and nothing is announced', async () => {
    const running = await start();
    await running.logged(({ event }) => event === 'announcements.complete');
    for (const service of services) service.answer = () => undefined;
    await running.logged(({ event }) => event === 'ip.unknown');
    expect(await redis.hget(keys.scheduler, 'ip')).to.equal(RIGHT);
    expect(told()).to.deep.equal(producers.map(() => [RIGHT]));
  });

  it('a majority of liars that do not agree with each other decides nothing', async () => {
    const [first, second] = services;
    const running = await start();
    await running.logged(({ event }) => event === 'announcements.complete');
    if (first !== undefined) first.answer = say(WRONG);
    if (second !== undefined) second.answer = say('93.184.216.67');
    await running.logged(({ event }) => event === 'ip.disagreed');
    await polls(6);
    expect(told()).to.deep.equal(producers.map(() => [RIGHT]));
  });

  it('a source that asks to be left alone is', async () => {
    const [limited] = services;
    if (limited !== undefined) {
      limited.answer = (_, response) => {
        response.writeHead(429, { 'retry-after': '600' }).end();
      };
    }
    const running = await start();
    await running.logged(({ event }) => event === 'announcements.complete');
    await polls(8);
    expect(limited?.asked).to.equal(1);
  });

  it('an address that changes too often is held back after the fifth change', async () => {
    const running = await start();
    await running.logged(({ event }) => event === 'announcements.complete');
    for (let n = 1; n <= 6; n += 1) {
      const ip = `93.184.217.${n}`;
      for (const service of services) service.answer = say(ip);
      await running.logged(({ message }) => message.includes(ip));
    }
    await running.logged(({ event }) => event === 'ip.held');
    expect(await redis.hget(keys.scheduler, 'ip')).to.equal('93.184.217.5');
    await polls(4);
    for (const ips of told()) expect(ips).to.not.include('93.184.217.6');
  });

  it('a real change reaches the last producer soon', async function () {
    const lives = Math.ceil(scale / 4);
    this.timeout(30_000 + lives * 10_000);
    const tookMs: number[] = [];
    for (let life = 0; life < lives; life += 1) {
      const running = await start();
      await running.logged(({ event }) => event === 'ip.confirmed');
      // Five changes are let through in ten minutes of one life.
      for (let n = 1; n <= 4; n += 1) {
        const ip = `93.184.${218 + (life % 30)}.${n}`;
        const changedAt = Date.now();
        for (const service of services) service.answer = say(ip);
        await Promise.all(
          producers.map(({ endpoint, told: ips }) => endpoint.until(() => ips.get(US)?.at(-1) === ip, 20_000)),
        );
        tookMs.push(Date.now() - changedAt);
      }
      expect(await running.stop()).to.equal(0);
    }
    tookMs.sort((a, b) => a - b);
    const median = tookMs[Math.floor(tookMs.length / 2)] ?? 0;
    report(
      `${tookMs.length} changes, polled every ${INTERVAL_MS} ms: the last of 3 producers knew after ${median} ms (median), ${tookMs.at(-1) ?? 0} ms (most)`,
    );
    expect(median).to.be.lessThan(20_000);
  });
});
