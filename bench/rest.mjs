import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { registerConsumers, startCrowd } from './crowd.mjs';

/** What the built program costs to run with the default intervals: processor time and memory. Linux only. */

const SECONDS = Number(process.argv[2] ?? 120);
/** V8 tidies up what the start has left for about half a minute after it. */
const SETTLE_MS = 60_000;
const TICKS_PER_SECOND = 100;

function processorSeconds(pid) {
  // After the name in brackets: utime and stime are fields 14 and 15 of proc(5).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentMiB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024;
}

// The folders on the way to the configuration are watched: in a busy one, such as /tmp, that would be measured too.
const folder = mkdtempSync(join(homedir(), '.rest-'));
process.env.TMPDIR = folder;
const crowd = await startCrowd();
for (const peers of [20, 1_000, 5_000]) {
  const server = await RedisServer.start();
  await registerConsumers(server.client(), peers, crowd.port);
  const scheduler = await Scheduler.start({
    uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
    redis: { url: server.url },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
  });
  await scheduler.logged(({ event }) => event === 'round.finished', 60_000);
  await delay(SETTLE_MS);
  const before = processorSeconds(scheduler.pid);
  await delay(SECONDS * 1_000);
  const share = (processorSeconds(scheduler.pid) - before) / SECONDS;
  console.log(
    `${peers} peers: ${(share * 100).toFixed(2)}% of a processor, ${residentMiB(scheduler.pid).toFixed(0)} MiB resident`,
  );
  await scheduler.stop();
  await server.stop();
}
crowd.end();
rmSync(folder, { recursive: true, force: true });
