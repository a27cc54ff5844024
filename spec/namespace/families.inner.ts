import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { keys, register } from '../support/registry.js';
import { CONSUMERS } from './addresses.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const uuidOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const SIX = Array.from({ length: 40 }, (_, i) => uuidOf(600 + i));

describe('on a host without IPv6', () => {
  let server: RedisServer;
  let redis: Redis;
  let consumers: Endpoint[] = [];
  let scheduler: Scheduler | undefined;

  before(async () => {
    server = await RedisServer.start();
    redis = server.client();
    consumers = await Promise.all(CONSUMERS.map((host, i) => startConsumer({ uuid: uuidOf(i), host, port: 80 })));
    for (const [i, ip] of CONSUMERS.entries()) await register(redis, 'consumer', uuidOf(i), { ip });
    for (const [i, uuid] of SIX.entries()) {
      const known = { available: 1, state: 'available', checked_at: 1, failures: 0 };
      await register(redis, 'consumer', uuid, { ip: `2606:4700::${(i + 1).toString(16)}`, ...known });
    }
  });
  after(async () => {
    await scheduler?.kill();
    await scheduler?.clear();
    for (const endpoint of consumers) await endpoint.goDark();
    await server.stop();
  });

  it('its IPv6 peers are unreachable, that is told once, and no check of another peer waits', async () => {
    const running = await Scheduler.start({
      uuid: US,
      redis: { url: server.url },
      publicIp: { override: '93.184.216.34' },
      sync: { interval: '1s', jitter: 0, suspectInterval: '300ms', timeout: '1s' },
      log: { level: 'debug' },
    });
    scheduler = running;
    await eventually(async () => {
      for (const uuid of SIX) {
        expect(await redis.hgetall(keys.consumer(uuid))).to.include({
          available: '0',
          state: 'unavailable',
          error: 'unreachable',
        });
      }
    });
    for (const i of CONSUMERS.keys()) {
      expect(await redis.hgetall(keys.consumer(uuidOf(i)))).to.include({ state: 'available' });
    }
    const told = running.lines.filter(({ event }) => event === 'family.missing');
    expect(told.map(({ message }) => message)).to.deep.equal([
      "this host has no IPv6 address: 40 IPv6 peers can't be called and count as unreachable",
    ]);
    expect(running.lines.filter(({ event }) => event === 'peer.discarded')).to.deep.equal([]);
    // The state of the scheduler follows its events within half a second.
    await eventually(async () => {
      expect(await redis.hget(keys.scheduler, 'isolated')).to.equal('0');
    });
  });
});
