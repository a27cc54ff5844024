import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { loadavg } from 'node:os';
import { setInterval } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StatusHouse } from '../.build/spec/support/status/house.js';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { registerConsumers, startCrowd } from './crowd.mjs';

/**
 * What the status server costs: pages of /api/peers over many consumers; readers of /api/events between rounds; and rounds
 * while there are such readers against rounds while there are none, by turns. The readers are a process of their own.
 * Linux only.
 *
 * `node bench/status.mjs [consumers of the pages] [consumers of the rounds] [rounds of each turn, 0 for none]`
 */

const [PAGED = 100_000, PEERS = 10_000, ROUNDS = 4] = process.argv.slice(2).map(Number);
const READERS = 50;
const INTERVAL_S = 20;
const TURNS = 2;
const RESTING_S = 20;
const REQUESTS = 40;
const TICKS_PER_SECOND = 100;

const CONFIG = {
  uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
  publicIp: { override: '127.0.0.1' },
  network: { allow: ['loopback'] },
  status: { port: 0 },
};

if (process.send !== undefined) {
  for (let i = 0; i < READERS; i += 1) get(process.argv[2], { agent: false }, (response) => response.resume());
  setInterval(() => undefined, 60_000);
} else {
  await pages();
  await restingReaders();
  if (ROUNDS > 0) await readers();
}

function quantile(times, share) {
  return [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))];
}

async function pages() {
  const server = await RedisServer.start();
  const redis = server.client();
  await registerConsumers(redis, PAGED, 80);
  const house = await StatusHouse.start(redis);
  await house.round();
  const cursors = await placesOf(house);
  for (const [place, cursor] of Object.entries(cursors)) {
    const times = [];
    for (let i = 0; i < REQUESTS; i += 1) {
      const startedAt = performance.now();
      await house.get(`/api/peers?sort=uuid${cursor === '' ? '' : `&cursor=${cursor}`}`);
      times.push(performance.now() - startedAt);
    }
    const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)];
    console.log(`${PAGED} consumers, ${place} page: p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, ${load()}`);
  }
  house.close();
  await server.stop();
}

/** The cursors of the first page, of one in the middle and of the last. */
async function placesOf(house) {
  const all = [''];
  for (;;) {
    const { next } = (await house.get(`/api/peers?sort=uuid&limit=1000${all.at(-1) && `&cursor=${all.at(-1)}`}`)).json;
    if (next === null) return { first: '', middle: all[Math.floor(all.length / 2)], last: all.at(-1) };
    all.push(next);
  }
}

async function startAmong(peers, sync) {
  const crowd = await startCrowd();
  const server = await RedisServer.start();
  const redis = server.client();
  await registerConsumers(redis, peers, crowd.port);
  const scheduler = await Scheduler.start({ ...CONFIG, redis: { url: server.url }, sync });
  const { message } = await scheduler.logged(({ event }) => event === 'status.listening');
  const base = /http:\S+/.exec(message)[0];
  const end = async () => {
    await scheduler.stop();
    await server.stop();
    crowd.end();
  };
  return { scheduler, redis, base, end };
}

async function statusOf(base) {
  const [response] = await once(get(`${base}api/status`), 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return JSON.parse(body);
}

async function follow(base) {
  const following = fork(fileURLToPath(import.meta.url), [`${base}api/events`]);
  return async () => {
    following.kill();
    await once(following, 'exit');
  };
}

/** Processor time of the program with many peers between two rounds, without readers and with them. */
async function restingReaders() {
  const { scheduler, base, end } = await startAmong(PEERS, { interval: '1h' });
  for (let known = 0; known < PEERS;) {
    await delay(1_000);
    known = (await statusOf(base)).peers.consumers.available;
  }
  const share = async () => {
    await delay(3_000);
    const before = processorSeconds(scheduler.pid);
    await delay(RESTING_S * 1_000);
    return ((processorSeconds(scheduler.pid) - before) / RESTING_S) * 100;
  };
  const alone = await share();
  const leave = await follow(base);
  const followed = await share();
  await leave();
  console.log(
    `${PEERS} peers between rounds: ${alone.toFixed(1)}% of a processor, ${followed.toFixed(1)}% with ${READERS} readers, ${load()}`,
  );
  await end();
}

async function readers() {
  const { scheduler, redis, base, end } = await startAmong(PEERS, { interval: `${INTERVAL_S}s`, jitter: 0 });
  await rounds(scheduler, redis, 2);
  for (let turn = 0; turn < TURNS; turn += 1) {
    tell('no reader', await rounds(scheduler, redis, ROUNDS));
    const leave = await follow(base);
    tell(`${READERS} readers`, await rounds(scheduler, redis, ROUNDS));
    await leave();
  }
  await end();
}

/** So many rounds: how long they took, and the processor time a round from end to end. */
async function rounds(scheduler, redis, many) {
  const before = processorSeconds(scheduler.pid);
  const times = [];
  let last = await redis.hget('p2p:scheduler', 'round_finished_at');
  while (times.length < many) {
    await delay(200);
    const [startedAt, finishedAt] = await redis.hmget('p2p:scheduler', 'round_started_at', 'round_finished_at');
    if (finishedAt === last || finishedAt === null || Number(finishedAt) < Number(startedAt)) continue;
    last = finishedAt;
    times.push(Number(finishedAt) - Number(startedAt));
  }
  return { times, processorS: (processorSeconds(scheduler.pid) - before) / many };
}

function tell(who, { times, processorS }) {
  const typical = (quantile(times, 0.5) / 1_000).toFixed(2);
  const each = times.map((ms) => (ms / 1_000).toFixed(2)).join(', ');
  console.log(
    `${PEERS} peers, ${who}: rounds of ${each} s (median ${typical}), processor ${processorS.toFixed(2)} s a round, ${load()}`,
  );
}

function processorSeconds(pid) {
  // After the name in brackets: utime and stime are fields 14 and 15 of proc(5).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function load() {
  return `load ${loadavg()[0].toFixed(1)}`;
}
