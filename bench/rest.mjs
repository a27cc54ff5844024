import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { registerConsumers, startCrowd } from './crowd.mjs';

/**
 * What the built program costs to run with the default intervals: processor time and memory, its own and those of Redis.
 * Linux only. `node bench/rest.mjs 60 native 20 5000`: seconds, the HTTP client, numbers of peers.
 */

const [seconds = '120', client = 'node-fetch', ...numbers] = process.argv.slice(2);
const SECONDS = Number(seconds);
const PEERS = numbers.length > 0 ? numbers.map(Number) : [20, 1_000, 5_000];
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

/** What Redis says of itself; its commands are counted with those inside of scripts. */
async function ofRedis(redis) {
  const text = await redis.info('everything');
  const figure = (name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)[1]);
  return {
    commands: figure('total_commands_processed'),
    cpu: figure('used_cpu_user') + figure('used_cpu_sys'),
    memory: figure('used_memory'),
  };
}

// The folders on the way to the configuration are watched: in a busy one, such as /tmp, that would be measured too.
const folder = mkdtempSync(join(homedir(), '.rest-'));
process.env.TMPDIR = folder;
const crowd = await startCrowd();
for (const peers of PEERS) {
  const server = await RedisServer.start();
  const redis = server.client();
  await redis.ping();
  const empty = await ofRedis(redis);
  await registerConsumers(redis, peers, crowd.port);
  const registered = await ofRedis(redis);
  const scheduler = await Scheduler.start({
    uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
    redis: { url: server.url },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
    http: { client },
  });
  await scheduler.logged(({ event }) => event === 'round.finished', 180_000);
  await delay(SETTLE_MS);
  const before = processorSeconds(scheduler.pid);
  const redisBefore = await ofRedis(redis);
  await delay(SECONDS * 1_000);
  const share = (processorSeconds(scheduler.pid) - before) / SECONDS;
  const redisAfter = await ofRedis(redis);
  const resident = residentMiB(scheduler.pid);
  await scheduler.stop();
  // The end writes the history of all.
  const { memory } = await ofRedis(redis);
  const over = (name) => (redisAfter[name] - redisBefore[name]) / SECONDS;
  console.log(
    `${peers} peers, ${client}: ${(share * 100).toFixed(2)}% of a processor, ${resident.toFixed(0)} MiB resident; ` +
      `Redis: ${over('commands').toFixed(1)} commands/s, ${(over('cpu') * 100).toFixed(2)}% of a processor, ` +
      `${((registered.memory - empty.memory) / peers).toFixed(0)} bytes a peer registered, ` +
      `${((memory - empty.memory) / peers).toFixed(0)} with results and history`,
  );
  redis.disconnect();
  await server.stop();
}
crowd.end();
rmSync(folder, { recursive: true, force: true });
