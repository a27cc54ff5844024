import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { registerConsumers, startCrowd } from './crowd.mjs';

/**
 * What silent newcomers cost the living, and how long a first picture takes: the built program over real sockets.
 *
 * 1. So many living consumers are judged. Silent ones, as many, are registered and removed by turns, since the speed of a
 *    machine that others share changes. How long do the rounds of the living take without and with them?
 * 2. A first start over five times as many consumers, of which 95% are silent. When is every living one known to be so?
 */

const PEERS = Number(process.argv[2] ?? 2_000);
const SET = 'p2p:consumers';
const TURNS = 5;
/** The rounds of a turn that count, after one in which the registry changes. */
const ROUNDS = 4;

const crowd = await startCrowd();
const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
await once(silent, 'listening');
const silentPort = silent.address().port;

const settings = (url) => ({
  uuid: randomUUID(),
  redis: { url },
  publicIp: { override: '127.0.0.1' },
  network: { allow: ['loopback'] },
  sync: { interval: '5s', jitter: 0, timeout: '1s' },
  log: { level: 'debug', format: 'json' },
});
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function newcomers() {
  const server = await RedisServer.start();
  const redis = server.client();
  await registerConsumers(redis, PEERS, crowd.port);
  const living = new Set(await redis.smembers(SET));
  const scheduler = await Scheduler.start(settings(server.url));
  const rounds = () =>
    scheduler.lines
      .filter(({ event, detail }) => event === 'round.finished' && detail?.lane === 'regular' && detail.ok === PEERS)
      .map(({ detail }) => detail.tookMs);
  while (rounds().length < 2) await delay(500);
  const some = async () => {
    const from = rounds().length + 1;
    while (rounds().length < from + ROUNDS) await delay(500);
    return rounds().slice(from, from + ROUNDS);
  };
  const [without, along] = [[], []];
  for (let turn = 0; turn < TURNS; turn += 1) {
    without.push(...(await some()));
    await registerConsumers(redis, PEERS, silentPort);
    along.push(...(await some()));
    const silentOnes = (await redis.smembers(SET)).filter((uuid) => !living.has(uuid));
    await redis.srem(SET, ...silentOnes);
    await redis.del(...silentOnes.map((uuid) => `p2p:consumer:${uuid}`));
  }
  console.log(
    `${PEERS} living: a round takes ${median(without)} ms (median of ${without.length}); ` +
      `with ${PEERS} silent newcomers ${median(along)} ms (median of ${along.length}), ratio ${(median(along) / median(without)).toFixed(2)}`,
  );
  await scheduler.kill();
  await scheduler.clear();
  await server.stop();
}

async function firstStart() {
  const total = PEERS * 5;
  const living = total / 20;
  const server = await RedisServer.start();
  const redis = server.client();
  await registerConsumers(redis, total - living, silentPort);
  await registerConsumers(redis, living, crowd.port);
  const startedAt = performance.now();
  const scheduler = await Scheduler.start(settings(server.url));
  const available = () => scheduler.lines.filter(({ detail }) => detail?.check?.state === 'available').length;
  while (available() < living) await delay(100);
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(
    `first start over ${total}, ${total - living} of them silent for 1 s: every living one is known after ${seconds.toFixed(1)} s; ` +
      `the bound is ${((total * 1) / (64 + 64)).toFixed(1)} s`,
  );
  await scheduler.kill();
  await scheduler.clear();
  await server.stop();
}

await newcomers();
await firstStart();
crowd.end();
silent.close();
process.exit();
