import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { keysUnder, type Keys } from '#src/domain/keys.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/freePort.js';
import { Neighbours, US } from '../support/neighbours.js';
import { RedisCluster } from '../support/redisCluster.js';
import { keys, register } from '../support/registry.js';
import { settled } from '../support/outage.js';

const HOST = '127.0.0.1';
const PASSWORD = 'of-the-scheduler';
const uuidOf = (i: number): string => `eeeeeeee-0000-4000-8000-${String(i).padStart(12, '0')}`;

const page = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
/** The words of each `ACL SETUSER` of the page, by the first words of the sentence above it. */
const lineAfter = (sentence: string): readonly string[] => {
  const [, line = ''] = new RegExp(`^${sentence}[^]*?\\n(ACL SETUSER .*)`, 'm').exec(page) ?? [];
  expect(line, sentence).to.not.equal('');
  return line.replace('PASSWORD', PASSWORD).split(' ').slice(1);
};
/** An acknowledgement would have to cross a newer change of the IP. */
const RARE = ['zscore'];
const DAEMON = 'The smallest user';
const COMMANDS = 'The commands `status` and `peers`';
const LOOKS = 'The commands `events` and `doctor`';
const STATUS = 'The status server, and a scheduler that stands by';
const SHARING = 'A scheduler that shares its registry';
const SELECT = 'A database other than 0';
const CLUSTER = 'In a Cluster';
const SENTINELS = 'The user of the sentinels';
const named = (words: readonly string[]): readonly string[] =>
  words.filter((word) => word.startsWith('+')).map((word) => word.slice(1));

/** What the documented user of Redis may do is what the program needs: nothing is refused, and nothing is left over. */
describe('the permissions in Redis', () => {
  let neighbours: Neighbours;
  const servers: { stop(): Promise<void> }[] = [];
  const running: Scheduler[] = [];

  beforeEach(async () => {
    neighbours = await Neighbours.start();
  });
  afterEach(async () => {
    for (const scheduler of running.splice(0)) {
      await scheduler.kill();
      await scheduler.clear();
    }
    await neighbours.stop();
    for (const server of servers.splice(0)) await server.stop();
  });

  const start = async (redis: object, over: object = {}): Promise<Scheduler> => {
    const scheduler = await Scheduler.start({ ...neighbours.settings(redis), ...over });
    running.push(scheduler);
    return scheduler;
  };
  const command = async (redis: object, ...words: string[]): Promise<void> => {
    const child = await Scheduler.start(neighbours.settings(redis), {}, words);
    expect(await child.ended(), `${words.join(' ')}: ${child.output}`).to.equal(0);
    await child.clear();
  };
  const refused = async (redis: Redis): Promise<unknown> => redis.call('ACL', 'LOG');

  /** All that the program has to do with Redis in its life, from the first announcement to a restart without one. */
  const live = async (redis: Redis, place: object, under: Keys = keys): Promise<void> => {
    await neighbours.register(redis, under);
    const [first, second] = neighbours.producers;
    // What can't be called, in each way: no address, no hash, another type.
    await register(redis, 'consumer', uuidOf(1), { ip: 'nowhere', state: 'available', available: 1 }, under);
    await redis.sadd(under.consumers, uuidOf(2));
    await register(redis, 'producer', uuidOf(3), { ip: 'nowhere' }, under);
    await redis.sadd(under.producers, uuidOf(4));
    await redis.set(under.producer(uuidOf(5)), 'no hash');
    await redis.sadd(under.producers, uuidOf(5));
    first?.producer.endpoint.behave({ status: 503 });
    neighbours.consumers[0]?.endpoint.behave('silence');
    const scheduler = await start(place);
    await scheduler.logged(({ event }) => event === 'announcement.failed');
    await scheduler.logged(({ message }) => message.includes('is unavailable'));
    neighbours.move();
    await scheduler.logged(({ event }) => event === 'ip.changed');
    first?.producer.endpoint.behave('well');
    neighbours.consumers[0]?.endpoint.behave('well');
    second?.producer.endpoint.behave({ status: 503 });
    neighbours.move();
    await second?.producer.endpoint.until(({ calls }) => calls.length > 2);
    // One that leaves before it has acknowledged, and those that never could.
    await redis.srem(under.producers, second?.uuid ?? '', uuidOf(3), uuidOf(4), uuidOf(5));
    await eventually(async () => {
      expect(await redis.zcard(under.announcements)).to.equal(0);
    });
    second?.producer.endpoint.behave('well');
    await redis.sadd(under.producers, second?.uuid ?? '');
    neighbours.move();
    await settled(redis, neighbours, { keys: under });
    expect(await scheduler.stop(), scheduler.output).to.equal(0);
    const again = await start(place);
    await again.logged(({ event }) => event === 'round.finished');
    await settled(redis, neighbours, { keys: under });
    expect(await again.stop()).to.equal(0);
    expect(again.output + scheduler.output).to.not.match(/NOPERM|lacks a permission/);
  };

  it('are enough for the daemon and for sync, and each of them is used', async () => {
    const port = await freePort();
    const server = await RedisServer.start({ args: ['--port', String(port), '--bind', HOST] });
    servers.push(server);
    const redis = server.client();
    const words = lineAfter(DAEMON);
    await redis.call('ACL', ...words);
    const used = new Set<string>();
    const monitor = await redis.monitor();
    // It is never closed for long.
    monitor.on('error', () => undefined);
    monitor.on('monitor', (_: string, [name = '']: string[], source: string) => {
      // We ourselves come by the socket; the scripts are all of the program.
      if (!source.startsWith('unix:')) used.add(name.toLowerCase());
    });
    const place = { url: `redis://${HOST}:${port}`, username: 'scheduler', password: PASSWORD };

    await live(redis, place);
    await command(place, 'sync');
    expect(await refused(redis)).to.deep.equal([]);
    expect(
      named(words).filter((name) => !used.has(name) && !RARE.includes(name)),
      `not needed; used are ${[...used].join(' ')}`,
    ).to.deep.equal([]);

    monitor.disconnect();
  }).timeout(120_000);

  it('are enough for the commands on the registry, in another database too', async () => {
    const port = await freePort();
    const server = await RedisServer.start({ args: ['--port', String(port), '--bind', HOST] });
    servers.push(server);
    const redis = server.client();
    for (const sentence of [DAEMON, COMMANDS, LOOKS, SELECT]) await redis.call('ACL', ...lineAfter(sentence));
    const place = { url: `redis://${HOST}:${port}/3`, username: 'scheduler', password: PASSWORD };
    await command(place, 'peers', 'add', 'consumer', uuidOf(1), HOST, '--port', '1');
    await command(place, 'peers', 'add', 'producer', uuidOf(2), HOST);
    await command(place, 'peers', 'list');
    await command(place, 'peers', 'show', uuidOf(1));
    await command(place, 'peers', 'export');
    await command(place, 'peers', 'remove', 'consumer', uuidOf(1));
    await redis.select(3);
    await redis.hset(keys.scheduler, { uuid: US, heartbeat_at: Date.now() });
    await command(place, 'status');
    await command(place, 'events');
    await command(place, 'doctor');
    expect(await refused(redis)).to.deep.equal([]);
  }).timeout(60_000);

  it('are enough for those that share the registry, with what that needs besides', async () => {
    const port = await freePort();
    const server = await RedisServer.start({ args: ['--port', String(port), '--bind', HOST] });
    servers.push(server);
    const redis = server.client();
    for (const sentence of [DAEMON, STATUS, SHARING]) await redis.call('ACL', ...lineAfter(sentence));
    const place = { url: `redis://${HOST}:${port}`, username: 'scheduler', password: PASSWORD };
    const join = (name: string) => start(place, { replicas: { enabled: true, lease: '2s', name } });
    /** So many have all shares, as evenly as may be. */
    const divided = (count: number) =>
      eventually(async () => {
        const members = await redis.zrange(keys.replicas, 0, '-1');
        const shares = await Promise.all(members.map((one) => redis.hget(keys.replica(one), 'shares')));
        expect(shares.map(Number)).to.deep.equal(Array(count).fill(64 / count));
      }, 30_000);
    await neighbours.register(redis);
    const [first, second] = [await join('a'), await join('b')];
    await divided(2);
    await settled(redis, neighbours);
    neighbours.move();
    await settled(redis, neighbours);
    await first.kill();
    await divided(1);
    const third = await join('c');
    await divided(2);
    await settled(redis, neighbours);
    for (const one of [second, third]) expect(await one.stop(), one.output).to.equal(0);
    expect(await refused(redis)).to.deep.equal([]);
    for (const one of [first, second, third]) expect(one.output).to.not.match(/NOPERM|lacks a permission/);
  }).timeout(120_000);

  it('are enough in a Cluster, with what that needs besides', async () => {
    const prefix = '{p2p}:';
    const cluster = await RedisCluster.start();
    servers.push(cluster);
    const under = keysUnder(prefix);
    const owner = (await cluster.ownerOf(under.scheduler)).client();
    for (const node of cluster.servers) {
      for (const sentence of [DAEMON, CLUSTER]) {
        await node.client().call('ACL', ...lineAfter(sentence).map((word) => word.replace('~p2p:*', `~${prefix}*`)));
      }
    }
    await live(owner, { cluster: cluster.urls, keyPrefix: prefix, username: 'scheduler', password: PASSWORD }, under);
    for (const node of cluster.servers) expect(await refused(node.client())).to.deep.equal([]);
  }).timeout(120_000);

  it('are enough behind Sentinel, with a user of the sentinels', async () => {
    const port = await freePort();
    const server = await RedisServer.start({ args: ['--port', String(port), '--bind', HOST] });
    servers.push(server);
    const redis = server.client();
    await redis.call('ACL', ...lineAfter(DAEMON));
    const sentinelPort = await freePort();
    const sentinel = await RedisServer.start({
      args: ['--port', String(sentinelPort), '--bind', HOST, '--sentinel'],
      config: [`sentinel monitor main ${HOST} ${port} 1`],
    });
    servers.push(sentinel);
    await sentinel.client().call('ACL', ...lineAfter(SENTINELS));
    const nodes = [`${HOST}:${sentinelPort}`];
    await neighbours.register(redis);
    const scheduler = await start({
      sentinel: { name: 'main', nodes, username: 'watcher', password: PASSWORD },
      username: 'scheduler',
      password: PASSWORD,
    });
    await settled(redis, neighbours);
    expect(await scheduler.stop()).to.equal(0);
    expect(await refused(redis)).to.deep.equal([]);
    expect(await refused(sentinel.client())).to.deep.equal([]);
  }).timeout(60_000);
});
