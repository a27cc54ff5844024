import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { registerConsumers } from './crowd.mjs';
import { median, report, table, times } from './figures.mjs';
import { startPeers } from './peers.mjs';

/**
 * What silent peers cost the others: rounds over the answering ones alone, and then, in the same process, with so many
 * silent ones beside them that these are the given share of PEERS; and how old the oldest check was meanwhile.
 *
 * node bench/deadWeight.mjs [PEERS]
 */

const PEERS = Number(process.argv[2] ?? 2_000);
const SHARES = [0.3, 0.7];
const ROUNDS = 8;
const INTERVAL_S = 5;
const LOOK_MS = 250;

const peers = await startPeers();
const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
await once(silent, 'listening');

async function measured(share) {
  const dead = Math.round(PEERS * share);
  const living = PEERS - dead;
  const server = await RedisServer.start();
  const redis = server.client();
  await registerConsumers(redis, living, peers.port);
  const scheduler = await Scheduler.start({
    uuid: randomUUID(),
    redis: { url: server.url },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
    sync: { interval: `${INTERVAL_S}s`, jitter: 0, timeout: '1s', suspectInterval: '1s' },
    log: { level: 'debug', format: 'json' },
  });
  const rounds = () =>
    scheduler.lines
      .filter(({ event, detail }) => event === 'round.finished' && detail?.lane === 'regular' && detail.ok === living)
      .map(({ detail }) => detail.tookMs);
  const answering = new Set(await redis.smembers('p2p:consumers'));
  /** The longest time between two checks of an answering peer, of which the second came from then on, in seconds. */
  const oldestFrom = (since) => {
    const last = new Map();
    let oldest = 0;
    for (const { detail } of scheduler.lines) {
      if (detail?.kind !== 'peer.checked' || !answering.has(detail.check.uuid)) continue;
      const { uuid, at } = detail.check;
      if (at >= since && last.has(uuid)) oldest = Math.max(oldest, at - last.get(uuid));
      last.set(uuid, at);
    }
    return oldest / 1_000;
  };
  /** The median round of the next ones, and how old a check of an answering peer became in them, in seconds. */
  const watched = async () => {
    const [from, since] = [rounds().length, Date.now()];
    while (rounds().length < from + ROUNDS) await delay(LOOK_MS);
    return { ms: median(rounds().slice(from)), oldest: oldestFrom(since) };
  };
  try {
    while (rounds().length < 2) await delay(LOOK_MS);
    const alone = await watched();
    await registerConsumers(redis, dead, silent.address().port);
    const coming = await watched();
    const found = () => scheduler.lines.filter(({ detail }) => detail?.check?.state === 'unavailable');
    while (new Set(found().map(({ detail }) => detail.check.uuid)).size < dead) await delay(LOOK_MS);
    const beside = await watched();
    return { share, living, alone, coming, beside };
  } finally {
    await scheduler.kill();
    await scheduler.clear();
    await server.stop();
  }
}

const results = [];
for (const share of SHARES) results.push(await measured(share));
await peers.end();
silent.close();
report(
  'Dead weight',
  table(
    ['silent', 'answering', 'their round alone', 'while the silent come', 'beside the silent', 'oldest check'],
    results.map(({ share, living, alone, coming, beside }) => [
      `${share * 100}% of ${PEERS}`,
      living,
      `${alone.ms} ms`,
      `${coming.ms} ms (${times(coming.ms / alone.ms)})`,
      `${beside.ms} ms (${times(beside.ms / alone.ms)})`,
      `${Math.max(alone.oldest, coming.oldest, beside.oldest).toFixed(1)} s of ${INTERVAL_S} s`,
    ]),
  ),
  { results },
);
process.exit();
