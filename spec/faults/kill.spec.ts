import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { Producer } from '#swarm/producer.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { keys, register } from '../support/registry.js';
import { report, scale } from '../support/scale.js';
import { expectSound } from '../support/sound.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const KILLS = 10 * scale;
const AT_WORK = 0.85;
const LONGEST_LIFE_MS = 600;
const SEED = Number(process.env.SPEC_SEED ?? 20_261_124);

/** Small and repeatable (mulberry32, Tommy Ettinger, public domain): a failure can be played again by its seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A producer, its UUID, and whether the API has it registered now. */
interface Member {
  readonly uuid: string;
  readonly producer: Producer;
  registered: boolean;
}

describe('kill -9 at any moment', () => {
  let server: RedisServer;
  let redis: Redis;
  let services: Server[] = [];
  let members: Member[] = [];
  let consumers: { readonly uuid: string; readonly endpoint: Endpoint }[] = [];
  const random = randomFrom(SEED);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] ?? expect.fail('nothing to pick');
  const addresses: string[] = [];
  const ip = (): string => addresses.at(-1) ?? '';
  const changeIp = (): void => {
    const n = addresses.length;
    addresses.push(`93.184.${Math.floor(n / 250)}.${(n % 250) + 1}`);
  };

  before(async () => {
    changeIp();
    server = await RedisServer.start();
    redis = server.client();
    services = [createServer(), createServer()];
    for (const service of services) {
      service.on('request', (_, response) => response.end(ip()));
      service.listen(0, '127.0.0.1');
      await once(service, 'listening');
    }
    for (let i = 0; i < 6; i += 1) {
      const member = {
        uuid: `dddddddd-0000-4000-8000-00000000000${i}`,
        producer: await Producer.start({ host: '127.0.0.1' }),
        registered: false,
      };
      members.push(member);
      await join(member);
      const uuid = `cccccccc-0000-4000-8000-00000000000${i}`;
      const endpoint = await startConsumer({ uuid, host: '127.0.0.1' });
      consumers.push({ uuid, endpoint });
      await register(redis, 'consumer', uuid, { ip: '127.0.0.1', port: endpoint.port });
    }
  });
  after(async () => {
    for (const { producer } of members) await producer.endpoint.goDark();
    for (const { endpoint } of consumers) await endpoint.goDark();
    for (const service of services) {
      service.close();
      service.closeAllConnections();
    }
    members = [];
    consumers = [];
    await server.stop();
  });

  const join = async (member: Member): Promise<void> => {
    await register(redis, 'producer', member.uuid, { ip: '127.0.0.1', port: member.producer.endpoint.port });
    member.registered = true;
  };
  const leave = async (member: Member): Promise<void> => {
    await redis.multi().srem(keys.producers, member.uuid).del(keys.producer(member.uuid)).exec();
    member.registered = false;
  };
  const start = () =>
    Scheduler.start({
      uuid: US,
      redis: { url: server.url },
      sync: { interval: '60ms', timeout: '50ms', suspectInterval: '50ms', unavailable: { interval: '60ms' } },
      publicIp: {
        interval: '60ms',
        timeout: '500ms',
        sources: services.map((service) => ({ url: `http://127.0.0.1:${(service.address() as AddressInfo).port}/` })),
      },
      announce: { timeout: '100ms', retry: { initial: '30ms', max: '100ms' } },
      network: { allow: ['loopback'] },
    });

  /** Something that may happen while the scheduler runs, or while it does not. */
  const happen = async (): Promise<void> => {
    const what = random();
    if (what < 0.35) changeIp();
    else if (what < 0.55) pick(members).producer.endpoint.behave(pick(['well', 'well', 'reset', 'silence']));
    else if (what < 0.65) pick(members).producer.endpoint.behave({ status: 503 });
    else if (what < 0.8) {
      const member = pick(members);
      await (member.registered ? leave(member) : join(member));
    } else {
      const { uuid, endpoint } = pick(consumers);
      if (random() < 0.5) await redis.multi().srem(keys.consumers, uuid).del(keys.consumer(uuid)).exec();
      else await register(redis, 'consumer', uuid, { ip: '127.0.0.1', port: endpoint.port });
    }
  };

  it(`loses no change, sends no old IP after a newer one, writes nothing that is not true`, async () => {
    for (let kills = 0; kills < KILLS; kills += 1) {
      const scheduler = await start();
      // Some die before they begin, most in the middle of their work.
      if (random() < AT_WORK) await scheduler.logged(({ event }) => event === 'redis.up');
      const lifeMs = random() * LONGEST_LIFE_MS;
      const happenings = Math.floor(random() * 3);
      for (let i = 0; i < happenings; i += 1) {
        await delay(lifeMs / (happenings + 1));
        await happen();
      }
      await delay(lifeMs / (happenings + 1));
      await scheduler.kill();
      await scheduler.clear();
      await happen();
      await expectSound(redis);
    }

    for (const { producer } of members) producer.endpoint.behave('well');
    changeIp();
    const owed = members.filter(({ registered }) => registered);
    const last = await start();
    await eventually(async () => {
      for (const { uuid, producer } of owed) {
        expect(producer.told.get(US)?.at(-1), uuid).to.equal(ip());
        expect(await redis.hgetall(keys.producer(uuid))).to.include({ notified_ip: ip() });
      }
      expect(await redis.zcard(keys.announcements)).to.equal(0);
    }, 20_000);
    expect(await last.stop()).to.equal(0);
    await expectSound(redis);

    let told = 0;
    for (const { uuid, producer } of members) {
      const order = producer.endpoint.calls.map(({ body }) =>
        addresses.indexOf((JSON.parse(body) as { ip: string }).ip),
      );
      expect(order, `${uuid} by seed ${SEED}`).to.deep.equal([...order].sort((a, b) => a - b));
      told += order.length;
    }
    expect(told).to.be.greaterThan(0);
    report(`${KILLS} kills, ${addresses.length} addresses, ${told} announcements sent, none lost, none out of order`);
  }).timeout(40_000 + KILLS * 3_000);
});
