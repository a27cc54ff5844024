import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { registerConsumers } from './crowd.mjs';
import { report, table } from './figures.mjs';
import { addresses, startPeers } from './peers.mjs';

/**
 * What the daemon asks of Redis for a settled peer and round: commands that were sent, commands inside of scripts, bytes,
 * and scripts that took more than a millisecond, by Redis's own MONITOR, INFO and SLOWLOG. What it asks over no peer is
 * taken off.
 *
 * node bench/redis.mjs [PEERS [SECONDS of a round [ROUNDS]]]
 */

const PEERS = Number(process.argv[2] ?? 10_000);
const SECONDS = Number(process.argv[3] ?? 15);
const ROUNDS = Number(process.argv[4] ?? 2);
const SLOW_US = 1_000;

const peers = await startPeers();

async function round(server) {
  const redis = server.client();
  const bytes = async () => {
    const info = await redis.info('stats');
    const of = (name) => Number(new RegExp(`${name}:(\\d+)`).exec(info)[1]);
    return { input: of('total_net_input_bytes'), output: of('total_net_output_bytes') };
  };
  const scheduler = await Scheduler.start({
    uuid: randomUUID(),
    redis: { url: server.url },
    http: { client: 'native' },
    network: { allow: ['loopback'] },
    publicIp: { override: '127.0.0.1' },
    sync: { interval: `${SECONDS}s`, jitter: 0 },
  });
  const finished = () => scheduler.lines.filter(({ message }) => /^round \d+: /.test(message)).length;
  /** From the end of a round to the end of a later one: as much of everything else as of rounds. */
  const over = async (rounds) => {
    const to = finished() + rounds;
    while (finished() < to) await delay(20);
  };
  try {
    await over(3);
    await redis.config('SET', 'slowlog-log-slower-than', SLOW_US, 'slowlog-max-len', 10_000);
    await redis.call('SLOWLOG', 'RESET');
    const before = await bytes();
    await over(ROUNDS);
    const after = await bytes();
    const slow = await redis.call('SLOWLOG', 'GET', 10_000);
    const scripts = slow.filter(([, , , [name]]) => /^(evalsha|eval|fcall)/i.test(name));
    // Apart from the bytes: to watch costs more than what is watched.
    const seen = { sent: 0, inner: 0 };
    const monitor = await redis.monitor();
    monitor.on('monitor', (_, __, source) => (source === 'lua' ? (seen.inner += 1) : (seen.sent += 1)));
    await over(ROUNDS);
    monitor.disconnect();
    return {
      sent: seen.sent / ROUNDS,
      inner: seen.inner / ROUNDS,
      input: (after.input - before.input) / ROUNDS,
      output: (after.output - before.output) / ROUNDS,
      slow: scripts.length / ROUNDS,
      slowestUs: Math.max(0, ...scripts.map(([, , us]) => us)),
    };
  } finally {
    await scheduler.stop();
  }
}

async function measured(count) {
  const server = await RedisServer.start();
  await registerConsumers(server.client(), count, peers.port, addresses(count));
  try {
    return await round(server);
  } finally {
    await server.stop();
  }
}

const [busy, idle] = [await measured(PEERS), await measured(0)];
await peers.end();
const perPeer = Object.fromEntries(
  ['sent', 'inner', 'input', 'output'].map((name) => [name, (busy[name] - idle[name]) / PEERS]),
);
report(
  'What a check asks of Redis',
  table(
    ['a peer and round', ''],
    [
      ['commands sent', perPeer.sent.toFixed(2)],
      ['commands inside of scripts', perPeer.inner.toFixed(2)],
      ['bytes sent', perPeer.input.toFixed(0)],
      ['bytes received', perPeer.output.toFixed(0)],
      [`scripts over ${SLOW_US / 1_000} ms in a round`, `${busy.slow} (the longest ${busy.slowestUs} µs)`],
    ],
  ),
  { peers: PEERS, perPeer, slow: busy.slow, slowestUs: busy.slowestUs },
);
