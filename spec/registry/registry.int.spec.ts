import { expect } from 'chai';
import fc from 'fast-check';
import { Cluster, Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRegistry, RegistryInputError, type Registry } from '#src/registry.js';
import { ROOT } from '../support/clone.js';
import { eventually } from '../support/eventually.js';
import { RedisCluster } from '../support/redisCluster.js';
import { keys, privateRedis } from '../support/registry.js';

const UUID = 'aaaaaaaa-0000-4000-8000-000000000000';
const OTHER = 'bbbbbbbb-0000-4000-8000-000000000000';
const SOURCE = '198.51.100.1';
const uuidOf = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('the registry of an API', () => {
  const shared = privateRedis();
  let redis: Redis;
  let registry: Registry;
  beforeEach(() => {
    ({ redis } = shared);
    registry = openRegistry({ redis, mostPerSource: 3 });
  });
  const from = (i: number, source = SOURCE) =>
    registry.register('consumer', { uuid: uuidOf(i), ip: '9.9.9.9', from: source });

  describe('register', () => {
    it('makes an entry of what is the API’s, and of nothing else', async () => {
      const before = Date.now();
      const result = await registry.register('consumer', { uuid: UUID, ip: '203.0.113.7', port: 8080 });
      expect(result).to.deep.equal({ outcome: 'registered', uuid: UUID, isNew: true });
      const { last_seen: seen, ...entry } = await redis.hgetall(keys.consumer(UUID));
      expect(entry).to.deep.equal({ ip: '203.0.113.7', port: '8080' });
      expect(Number(seen)).to.be.within(before, Date.now());
      expect(await redis.smembers(keys.consumers)).to.deep.equal([UUID]);
    });

    it('of a producer notes no time of a call', async () => {
      await registry.register('producer', { uuid: UUID, ip: '203.0.113.7' });
      expect(await redis.hgetall(keys.producer(UUID))).to.deep.equal({ ip: '203.0.113.7' });
      expect(await redis.smembers(keys.producers)).to.deep.equal([UUID]);
    });

    it('gives a registered one its address and leaves all other fields, the port too', async () => {
      const fields = { state: 'suspect', failures: '1', recent: '.x', port: '81' };
      await redis.hset(keys.consumer(UUID), { ip: '1.1.1.1', ...fields });
      await redis.sadd(keys.consumers, UUID);
      const result = await registry.register('consumer', { uuid: UUID, ip: '2.2.2.2' });
      expect(result).to.deep.equal({ outcome: 'registered', uuid: UUID, isNew: false });
      expect(await redis.hgetall(keys.consumer(UUID))).to.include({ ip: '2.2.2.2', ...fields });
      await registry.register('consumer', { uuid: UUID, ip: '2.2.2.2', port: null });
      expect(await redis.hexists(keys.consumer(UUID), 'port')).to.equal(0);
    });

    it('stores addresses in their one spelling', async () => {
      await registry.register('consumer', { uuid: UUID, ip: '::ffff:1.2.3.4' });
      await registry.register('consumer', { uuid: OTHER, ip: '2001:DB8::0:1' });
      expect(await redis.hget(keys.consumer(UUID), 'ip')).to.equal('1.2.3.4');
      expect(await redis.hget(keys.consumer(OTHER), 'ip')).to.equal('2001:db8::1');
    });

    it('takes a UUID in lower case, but keeps the spelling of one that is there', async () => {
      await registry.register('consumer', { uuid: UUID.toUpperCase(), ip: '1.1.1.1' });
      expect(await redis.smembers(keys.consumers)).to.deep.equal([UUID]);
      const capitals = OTHER.toUpperCase();
      await redis.sadd(keys.consumers, capitals);
      const result = await registry.register('consumer', { uuid: OTHER, ip: '2.2.2.2' });
      expect(result).to.deep.equal({ outcome: 'registered', uuid: capitals, isNew: false });
      expect(await redis.hget(keys.consumer(capitals), 'ip')).to.equal('2.2.2.2');
      expect(await redis.scard(keys.consumers)).to.equal(2);
    });

    it('makes one entry of calls at once', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, () => from(1)));
      expect(results.filter((one) => one.outcome === 'registered' && one.isNew)).to.have.length(1);
      expect(await redis.smembers(keys.consumers)).to.deep.equal([uuidOf(1)]);
    });

    it('writes nothing at all where the entry is no hash', async () => {
      await redis.set(keys.consumer(UUID), 'text');
      const error: unknown = await registry
        .register('consumer', { uuid: UUID, ip: '1.1.1.1' })
        .catch((one: unknown) => one);
      expect(String(error)).to.include('WRONGTYPE');
      expect(await redis.keys('*')).to.deep.equal([keys.consumer(UUID)]);
    });
  });

  describe('the limit for a source', () => {
    it('refuses one more than it, writes nothing of that, and takes those that are there', async () => {
      for (const i of [1, 2, 3]) expect((await from(i)).outcome).to.equal('registered');
      const before = await redis.dbsize();
      expect(await from(4)).to.deep.equal({ outcome: 'refused', reason: 'too-many-from-source' });
      expect([await redis.scard(keys.consumers), await redis.dbsize()]).to.deep.equal([3, before]);
      expect(await from(2)).to.include({ outcome: 'registered', isNew: false });
      expect((await from(5, '198.51.100.2')).outcome).to.equal('registered');
    });

    it('counts no longer who was taken out, by whomever', async () => {
      for (const i of [1, 2, 3]) await from(i);
      await redis.srem(keys.consumers, uuidOf(2));
      expect((await from(4)).outcome).to.equal('registered');
      expect((await redis.smembers(keys.source(SOURCE))).sort()).to.deep.equal(
        [1, 3, 4].map((i) => `consumer:${uuidOf(i)}`),
      );
      expect((await from(5)).outcome).to.equal('refused');
      await registry.forget('consumer', uuidOf(1));
      expect((await from(5)).outcome).to.equal('registered');
    });

    it('is one for both kinds', async () => {
      for (const i of [1, 2]) await from(i);
      await registry.register('producer', { uuid: uuidOf(1), ip: '1.1.1.1', from: SOURCE });
      expect((await from(3)).outcome).to.equal('refused');
      await registry.forget('producer', uuidOf(1));
      expect((await from(3)).outcome).to.equal('registered');
    });

    it('counts a /64 of IPv6 as one', async () => {
      for (const i of [1, 2, 3]) await from(i, `2001:db8::${i}`);
      expect((await from(4, '2001:db8::ffff:1')).outcome).to.equal('refused');
      expect((await from(4, '2001:db8:0:1::1')).outcome).to.equal('registered');
    });

    it('is by the address of the entry where no other is given', async () => {
      for (const i of [1, 2, 3]) await registry.register('consumer', { uuid: uuidOf(i), ip: '9.9.9.9' });
      expect((await registry.register('consumer', { uuid: uuidOf(4), ip: '9.9.9.9' })).outcome).to.equal('refused');
    });

    it('forgets a source that has not called for a month, and is none where that is asked for', async () => {
      await from(1);
      expect(await redis.pttl(keys.source(SOURCE))).to.be.within(29 * 86_400_000, 30 * 86_400_000);
      const open = openRegistry({ redis, mostPerSource: Infinity });
      for (let i = 2; i < 50; i += 1)
        await open.register('consumer', { uuid: uuidOf(i), ip: '9.9.9.9', from: '7.7.7.7' });
      expect([await redis.scard(keys.consumers), await redis.exists(keys.source('7.7.7.7'))]).to.deep.equal([49, 0]);
    });

    it('holds where all come at once', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => from(i)));
      expect(results.filter(({ outcome }) => outcome === 'registered')).to.have.length(3);
      expect(await redis.scard(keys.consumers)).to.equal(3);
    });

    for (const most of [0, -1, 1.5, NaN, -Infinity]) {
      it(`can’t be ${most}`, () => {
        expect(() => openRegistry({ redis, mostPerSource: most })).to.throw(TypeError, 'mostPerSource');
      });
    }
  });

  describe('what can’t be', () => {
    const peer = { uuid: UUID, ip: '1.1.1.1' };
    const wrong: readonly (readonly [field: string, call: () => Promise<unknown>])[] = [
      ['uuid', () => registry.register('consumer', { ...peer, uuid: '../x' })],
      ['uuid', () => registry.register('consumer', { ...peer, uuid: `${UUID}\n` })],
      ['uuid', () => registry.register('consumer', { ...peer, uuid: undefined as unknown as string })],
      ['uuid', () => registry.forget('consumer', '*')],
      ['uuid', () => registry.get('producer', 'x')],
      ['uuid', () => registry.seen('')],
      ['ip', () => registry.register('consumer', { ...peer, ip: 'host.example' })],
      ['ip', () => registry.register('consumer', { ...peer, ip: '1.1' })],
      ['ip', () => registry.register('consumer', { ...peer, ip: 7 as unknown as string })],
      ['from', () => registry.register('consumer', { ...peer, from: 'fe80::1%eth0' })],
      ['port', () => registry.register('consumer', { ...peer, port: 0 })],
      ['port', () => registry.register('consumer', { ...peer, port: 65_536 })],
      ['port', () => registry.register('consumer', { ...peer, port: '80' as unknown as number })],
      ['kind', () => registry.register('customer' as 'consumer', peer)],
      ['kind', () => registry.forget('__proto__' as 'consumer', UUID)],
    ];
    for (const [i, [field, call]] of wrong.entries()) {
      it(`is named by its field before it reaches Redis: ${field} (${i})`, async () => {
        const error: unknown = await call().catch((one: unknown) => one);
        expect(error).to.be.instanceOf(RegistryInputError).and.include({ field });
        expect(await redis.dbsize()).to.equal(0);
      });
    }

    it('never becomes a key, whatever the text is', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary' }), async (uuid) => {
          const error: unknown = await registry.register('consumer', { ...peer, uuid }).catch((one: unknown) => one);
          expect(error).to.be.instanceOf(RegistryInputError);
        }),
      );
      expect(await redis.dbsize()).to.equal(0);
    });
  });

  it('seen notes the time of a call of who is registered', async () => {
    expect(await registry.seen(UUID)).to.equal(false);
    await registry.register('consumer', { uuid: UUID, ip: '1.1.1.1' });
    await redis.hset(keys.consumer(UUID), { last_seen: '1' });
    const before = Date.now();
    expect(await registry.seen(UUID.toUpperCase())).to.equal(true);
    expect(Number(await redis.hget(keys.consumer(UUID), 'last_seen'))).to.be.within(before, Date.now());
    expect(await redis.exists(keys.consumer(OTHER))).to.equal(0);
  });

  it('forget leaves nothing of a peer in any spelling', async () => {
    const capitals = UUID.toUpperCase();
    await redis.sadd(keys.consumers, UUID, capitals, OTHER);
    for (const uuid of [UUID, capitals]) await redis.hset(keys.consumer(uuid), { ip: '1.1.1.1' });
    await redis.set(keys.history(UUID), 'h1');
    await redis.hset(keys.producer(UUID), { ip: '1.1.1.1' });
    expect(await registry.forget('consumer', UUID)).to.equal(true);
    expect((await redis.keys('*')).sort()).to.deep.equal([keys.consumers, keys.producer(UUID)]);
    expect(await redis.smembers(keys.consumers)).to.deep.equal([OTHER]);
    expect(await registry.forget('consumer', UUID)).to.equal(false);
  });

  describe('what is read', () => {
    it('is what the scheduler has found, in types', async () => {
      await registry.register('consumer', { uuid: UUID, ip: '1.1.1.1', port: 81 });
      await redis.hset(keys.consumer(UUID), {
        ...{ last_seen: 5, available: 1, state: 'suspect', state_since: 1, checked_at: 2, last_ok_at: 3 },
        ...{ latency_ms: 4, failures: 0, error: 'http-503', recent: '.x-', checked_by: 'a' },
      });
      expect(await registry.get('consumer', UUID.toUpperCase())).to.deep.equal({
        ...{ uuid: UUID, ip: '1.1.1.1', port: 81, lastSeen: 5, available: true, state: 'suspect', stateSince: 1 },
        ...{ checkedAt: 2, lastOkAt: 3, latencyMs: 4, failures: 0, error: 'http-503', recent: '.x-', checkedBy: 'a' },
      });
      await registry.register('producer', { uuid: UUID, ip: '1.1.1.1' });
      await redis.hset(keys.producer(UUID), { notified_ip: '2.2.2.2', notified_at: 1, attempts: 2 });
      expect(await registry.get('producer', UUID)).to.deep.equal({
        ...{ uuid: UUID, ip: '1.1.1.1', port: undefined, notifiedIp: '2.2.2.2', notifiedAt: 1, attempts: 2 },
        error: undefined,
      });
    });

    it('is undefined for who is not registered, and without fields for an entry that has none', async () => {
      expect(await registry.get('consumer', UUID)).to.equal(undefined);
      await redis.hset(keys.consumer(UUID), { ip: '1.1.1.1' });
      expect(await registry.get('consumer', UUID), 'a hash alone').to.equal(undefined);
      await redis.sadd(keys.consumers, OTHER);
      await redis.set(keys.consumer(OTHER), 'no hash');
      expect(await registry.get('consumer', OTHER)).to.include({ uuid: OTHER, ip: undefined, available: undefined });
    });

    it('is every peer of the kind, however many there are', async () => {
      const open = openRegistry({ redis, mostPerSource: Infinity });
      const uuids = Array.from({ length: 700 }, (_, i) => uuidOf(i));
      await Promise.all(uuids.map((uuid) => open.register('consumer', { uuid, ip: '1.1.1.1' })));
      await open.register('producer', { uuid: OTHER, ip: '2.2.2.2' });
      const found = await all(open.list('consumer'));
      expect([...new Set(found.map(({ uuid }) => uuid))].sort()).to.deep.equal(uuids);
      expect(found.every(({ ip }) => ip === '1.1.1.1')).to.equal(true);
      expect(await all(open.list('producer'))).to.have.length(1);
    });

    it('is no more than a page where no more is wanted', async () => {
      const open = openRegistry({ redis, mostPerSource: Infinity });
      for (let i = 0; i < 600; i += 1) await open.register('consumer', { uuid: uuidOf(i), ip: '1.1.1.1' });
      await redis.config('RESETSTAT');
      for await (const peer of open.list('consumer')) if (peer.ip !== undefined) break;
      const [, calls = ''] = /cmdstat_hmget:calls=(\d+)/.exec(await redis.info('commandstats')) ?? [];
      expect(Number(calls)).to.be.within(1, 512);
    });
  });

  it('keeps to its prefix, and works over RESP3 as well', async () => {
    const client = new Redis({ path: shared.server.socketPath, protocol: 3 });
    try {
      const other = openRegistry({ redis: client, prefix: 'other:' });
      await other.register('consumer', { uuid: UUID, ip: '1.1.1.1' });
      expect(await redis.keys('*')).to.have.members([
        'other:consumers',
        `other:consumer:${UUID}`,
        'other:source:1.1.1.1',
      ]);
      expect(await all(other.list('consumer'))).to.have.length(1);
      expect(await other.get('consumer', UUID)).to.include({ ip: '1.1.1.1' });
    } finally {
      client.disconnect();
    }
  });

  it('needs no more of Redis than its page says', async () => {
    const page = readFileSync(join(ROOT, 'docs/redis.md'), 'utf8');
    const [, rules = ''] = /^ACL SETUSER api (.*)$/m.exec(page) ?? [];
    await redis.call('ACL', 'SETUSER', 'api', ...rules.split(' '));
    const path = shared.server.socketPath;
    const client = new Redis({
      path,
      username: 'api',
      password: 'PASSWORD',
      enableReadyCheck: false,
      disableClientInfo: true,
    });
    try {
      const restricted = openRegistry({ redis: client, mostPerSource: 1 });
      await restricted.register('consumer', { uuid: UUID, ip: '1.1.1.1', port: 1 });
      await restricted.register('consumer', { uuid: UUID, ip: '1.1.1.1', port: null });
      await redis.srem(keys.consumers, UUID);
      expect((await restricted.register('consumer', { uuid: OTHER, ip: '1.1.1.1' })).outcome).to.equal('registered');
      expect(await restricted.seen(OTHER)).to.equal(true);
      expect(await restricted.get('consumer', OTHER)).to.include({ ip: '1.1.1.1' });
      expect(await all(restricted.list('consumer'))).to.have.length(1);
      await redis.xadd(keys.events, '*', 'type', 'redis.up', 'at', 1, 'data', '{}');
      for await (const event of restricted.events({ after: '0' })) if (event.type === 'redis.up') break;
      const waits = async (): Promise<boolean> => String(await redis.client('LIST')).includes(' cmd=xread ');
      await eventually(async () => {
        expect(await waits(), 'the connection of the first reader').to.equal(false);
      });
      const newest = restricted.events();
      const next = newest.next();
      await eventually(async () => {
        expect(await waits()).to.equal(true);
      });
      await redis.xadd(keys.events, '*', 'type', 'redis.down', 'at', 1, 'data', '{}');
      expect((await next).value).to.include({ type: 'redis.down' });
      await newest.return();
      expect(await restricted.forget('consumer', OTHER)).to.equal(true);
      expect(await redis.call('ACL', 'LOG')).to.deep.equal([]);
    } finally {
      client.disconnect();
      await redis.call('ACL', 'DELUSER', 'api');
    }
  });

  it('works on a Cluster, under a prefix with a hash tag', async function () {
    this.timeout(120_000);
    const cluster = await RedisCluster.start();
    const client = new Cluster([...cluster.urls]);
    try {
      const there = openRegistry({ redis: client, prefix: '{p2p}:', mostPerSource: 1 });
      expect(await there.register('consumer', { uuid: UUID, ip: '1.1.1.1' })).to.include({ isNew: true });
      expect((await there.register('consumer', { uuid: OTHER, ip: '1.1.1.1' })).outcome).to.equal('refused');
      expect(await there.get('consumer', UUID)).to.include({ ip: '1.1.1.1' });
      expect(await all(there.list('consumer'))).to.have.length(1);
      expect([await there.seen(UUID), await there.forget('consumer', UUID)]).to.deep.equal([true, true]);
      await client.xadd('{p2p}:events', '*', 'type', 'redis.up', 'at', 1, 'data', '{}');
      for await (const event of there.events({ after: '0' })) {
        expect(event.type).to.equal('redis.up');
        break;
      }
    } finally {
      client.disconnect();
      await cluster.stop();
    }
  });

  it('works under any UUID', async () => {
    await fc.assert(
      fc.asyncProperty(fc.mixedCase(fc.constant(randomUUID())), async (uuid) => {
        await registry.register('consumer', { uuid, ip: '1.1.1.1' });
        expect(await registry.get('consumer', uuid)).to.include({ uuid: uuid.toLowerCase() });
      }),
      { numRuns: 20 },
    );
    expect(await redis.scard(keys.consumers)).to.equal(1);
  });
});
