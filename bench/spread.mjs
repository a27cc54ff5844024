import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { registerConsumers } from './crowd.mjs';
import { report, table } from './figures.mjs';

/**
 * How even a paced round is: with `sync.spread` 0.9, the requests in each of ten parts of the time over which a round is
 * spread, against an even share.
 *
 * node bench/spread.mjs [PEERS [SECONDS of an interval]]
 */

const PEERS = Number(process.argv[2] ?? 2_000);
const SECONDS = Number(process.argv[3] ?? 20);
const SPREAD = 0.9;
const PARTS = 10;
const ROUNDS = 3;

const arrivals = [];
const peer = createServer((request, response) => {
  arrivals.push(Date.now());
  request.resume();
  response.end();
}).listen(0, '127.0.0.1', 4_096);
await once(peer, 'listening');
const server = await RedisServer.start();
await registerConsumers(server.client(), PEERS, peer.address().port);
const scheduler = await Scheduler.start({
  uuid: randomUUID(),
  redis: { url: server.url },
  http: { client: 'native' },
  publicIp: { override: '127.0.0.1' },
  network: { allow: ['loopback'] },
  sync: { interval: `${SECONDS}s`, jitter: 0, spread: SPREAD },
  log: { level: 'debug', format: 'json' },
});

const windowMs = SECONDS * 1_000 * SPREAD;
const rounds = [];
// The first picture is of newcomers, which are looked at as soon as they are found.
for (let round = 2; round < 2 + ROUNDS; round += 1) {
  const of =
    (event) =>
    ({ event: found, detail }) =>
      found === event && detail?.lane === 'regular' && detail.round === round;
  const began = Date.parse((await scheduler.logged(of('round.started'), SECONDS * 5_000)).timestamp);
  await scheduler.logged(of('round.finished'), SECONDS * 5_000);
  const own = arrivals.filter((at) => at >= began).map((at) => at - began);
  const parts = Array.from({ length: PARTS }, () => 0);
  for (const at of own) parts[Math.min(PARTS - 1, Math.floor((at / windowMs) * PARTS))] += 1;
  arrivals.length = 0;
  rounds.push(parts);
}
await scheduler.stop();
await server.stop();
peer.close();
const even = PEERS / PARTS;
const off = (n) => `${n} (${(((n - even) / even) * 100).toFixed(0)}%)`;
report(
  'Pacing',
  table(
    [`${PEERS} peers over ${windowMs / 1_000} s`, ...rounds[0].map((_, i) => `part ${i + 1}`)],
    rounds.map((parts, i) => [`round ${i + 2}`, ...parts.map(off)]),
  ),
  { rounds },
);
process.exit();
