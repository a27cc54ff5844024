import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { registerConsumers } from './crowd.mjs';
import { mib, report, table } from './figures.mjs';
import { startSlowPeers } from './slowPeers.mjs';

/**
 * More than a round can carry, in two ways: so many peers, each answering after 100 ms, that a round takes three times its
 * interval; and a Redis that stands still for two thirds of the time. How many rounds are skipped, what the log says of
 * it, how late the event loop is (its own metric, the worst of the samples), and the memory at first and at last.
 *
 * node bench/overload.mjs [SECONDS]
 */

const SECONDS = Number(process.argv[2] ?? 60);
const CONCURRENCY = 64;
const INTERVAL_S = 3;
const ANSWER_MS = 100;
const TIMES = 3;
const PEERS = ((INTERVAL_S * 1_000) / ANSWER_MS) * CONCURRENCY * TIMES;

const peers = await startSlowPeers(ANSWER_MS);
const results = {
  [`${PEERS} peers`]: await measured(PEERS, peers.port, () => undefined),
  'a slow Redis': await measured(PEERS / TIMES / 2, peers.port, slow),
};
peers.end();
report(
  'More than a round can carry',
  table(
    ['', 'rounds', 'skipped', 'event loop, p99', 'memory, first and last', 'the log says'],
    Object.entries(results).map(([name, { rounds, skipped, lagMs, memory, said }]) => [
      name,
      rounds,
      skipped,
      `${lagMs.toFixed(0)} ms`,
      memory.map(mib).join(', '),
      said,
    ]),
  ),
  { seconds: SECONDS, results },
);
process.exit();

/** Redis serves nobody for two seconds of three. */
function slow(redis) {
  const timer = setInterval(() => void redis.call('CLIENT', 'PAUSE', 2_000, 'ALL').catch(() => undefined), 3_000);
  return () => clearInterval(timer);
}

async function measured(count, port, burden) {
  const server = await RedisServer.start();
  const redis = server.client();
  await registerConsumers(redis, count, port);
  const scheduler = await Scheduler.start({
    uuid: randomUUID(),
    redis: { url: server.url },
    http: { client: 'native' },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
    sync: { interval: `${INTERVAL_S}s`, jitter: 0, concurrency: CONCURRENCY },
    status: { port: 0 },
    log: { level: 'debug', format: 'json' },
  });
  const { message } = await scheduler.logged(({ event }) => event === 'status.listening', 60_000);
  const metrics = new URL('metrics', /http:\S+/.exec(message)[0]);
  await scheduler.logged(({ message: text }) => /^round 3: /.test(text), 300_000);
  const stop = burden(redis);
  const from = scheduler.lines.length;
  const samples = [];
  for (let second = 0; second < SECONDS; second += 1) {
    await delay(1_000);
    const text = await (await fetch(metrics)).text();
    const lagMs = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(text)[1]) * 1_000;
    const [, resident] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${scheduler.pid}/status`, 'utf8'));
    samples.push({ lagMs, resident: Number(resident) * 1_024 });
  }
  stop?.();
  const lines = scheduler.lines.slice(from);
  const ofRegular = (kind) => lines.filter(({ detail }) => detail?.kind === kind && detail.lane === 'regular').length;
  const said = scheduler.lines.find(({ message: text }) => text.includes('longer than sync.interval'))?.message ?? '';
  await scheduler.kill();
  await scheduler.clear();
  await server.stop();
  return {
    rounds: ofRegular('round.finished'),
    skipped: ofRegular('round.skipped'),
    // The first scrape begins the measuring.
    lagMs: Math.max(...samples.slice(1).map(({ lagMs }) => lagMs)),
    memory: [samples.at(0).resident, samples.at(-1).resident],
    said,
  };
}
