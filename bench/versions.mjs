import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RedisServer } from '../.build/swarm/redis.js';
import { registerConsumers } from './crowd.mjs';
import { median, micros, report, table, times } from './figures.mjs';
import { addresses, startPeers } from './peers.mjs';
import { canMeasure, usageOf } from './usage.mjs';

/**
 * This build beside another one, both at work at the same time with the same configuration and a Redis each: processor time
 * of a check, by rounds that take turns, and at rest with 20 peers.
 *
 * node bench/versions.mjs DIST [PEERS [ROUNDS]]: DIST is the `dist` folder of the other build. Linux only.
 */

const [other, count = '10000', some = '5'] = process.argv.slice(2);
const PEERS = Number(count);
const ROUNDS = Number(some);
const WARM_UP = 3;
/** Long enough for a round of each build, one after the other. */
const INTERVAL_MS = Math.max(2_000, PEERS * 1.6);
const FEW = 20;
/** V8 tidies up what the start has left for about half a minute after it. */
const SETTLE_MS = 75_000;
const REST_MS = 60_000;

if (other === undefined || !canMeasure) {
  console.error('bench/versions.mjs: expected the dist folder of another build, on Linux');
  process.exit(2);
}
const dists = { before: other, now: fileURLToPath(new URL('../dist', import.meta.url)) };
// The folders on the way to the configuration are watched: in a busy one, such as /tmp, that would be measured too.
const folder = mkdtempSync(join(homedir(), '.versions-'));
const peers = await startPeers();

async function start(name, dist, registered, intervalMs) {
  const server = await RedisServer.start();
  await registerConsumers(server.client(), registered, peers.port, addresses(registered));
  const file = join(folder, `${name}.json`);
  writeFileSync(
    file,
    JSON.stringify({
      uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
      redis: { url: server.url },
      publicIp: { override: '127.0.0.1' },
      network: { allow: ['loopback'] },
      sync: { concurrency: 64, interval: `${intervalMs}ms`, jitter: 0 },
      log: { format: 'json' },
    }),
  );
  const args = [join(dist, 'main.js'), 'run', '--config', file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  /** Microseconds of the process at the end of each round. */
  const rounds = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (/round \d+: .* in [\d.]+ m?s/.test(line)) rounds.push(usageOf(child.pid).us);
  });
  const end = async () => {
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
    await server.stop();
  };
  return { name, rounds, us: () => usageOf(child.pid).us, end };
}

const results = { before: {}, now: {} };
const apart = [];
for (const [name, dist] of Object.entries(dists)) {
  if (apart.length > 0) await delay(INTERVAL_MS / 2);
  apart.push(await start(name, dist, PEERS, INTERVAL_MS));
}
while (apart.some(({ rounds }) => rounds.length < WARM_UP + ROUNDS)) await delay(200);
for (const { name, rounds, end } of apart) {
  const turns = rounds.slice(WARM_UP).map((us, i) => (us - rounds[WARM_UP + i - 1]) / PEERS);
  results[name].check = { us: median(turns), turns };
  await end();
}

const resting = [];
for (const [name, dist] of Object.entries(dists)) resting.push(await start(name, dist, FEW, REST_MS));
await delay(SETTLE_MS);
const before = resting.map(({ us }) => us());
await delay(REST_MS);
for (const [i, { name, us }] of resting.entries()) results[name].rest = (us() - before[i]) / (REST_MS * 1_000);
for (const { end } of resting) await end();
await peers.end();
rmSync(folder, { recursive: true, force: true });

const percent = (fraction) => `${(100 * fraction).toFixed(2)}%`;
report(
  'Two builds',
  table(
    ['', `a check of ${PEERS} peers`, 'lowest and highest', `at rest with ${FEW} peers`],
    [
      ...Object.entries(results).map(
        ([
          name,
          {
            check: { us, turns },
            rest,
          },
        ]) => [name, micros(us), [Math.min(...turns), Math.max(...turns)].map(micros).join(' to '), percent(rest)],
      ),
      [
        'ratio',
        times(results.now.check.us / results.before.check.us),
        '',
        times(results.now.rest / results.before.rest),
      ],
    ],
  ),
  { results },
);
process.exit();
