import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { keysUnder } from '../dist/domain/keys.js';

/**
 * What sharing the registry brings and costs, with the built program over real sockets: `node bench/replicas.mjs [what]`.
 *
 * throughput [n]: checks a second by 1, 2 and 3 replicas, or by n of them, over 10,000 consumers that answer after 100 ms, 64 calls at once each.
 * rest: what two replicas without consumers ask of Redis, and two schedulers that do not share.
 * kill: the time from `kill -9` of one of three until all shares are held again, evenly.
 */

const UUID = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const ANSWER_MS = 100;
const PEERS = 10_000;
const keys = keysUnder('p2p:');

if (process.send !== undefined) {
  let answered = 0;
  const server = createServer((request, response) => {
    request.resume();
    setTimeout(() => {
      answered += 1;
      response.writeHead(200, { 'content-length': 0 }).end();
    }, ANSWER_MS);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.on('message', () => process.send(answered));
  process.send(server.address().port);
} else {
  const parts = { throughput, rest, kill };
  const wanted = process.argv[2] === undefined ? Object.keys(parts) : [process.argv[2]];
  for (const name of wanted) await parts[name]();
}

function settings(redis, over = {}, sync = {}) {
  return {
    uuid: UUID,
    redis: { url: redis.url },
    sync: { interval: '60s', jitter: 0, ...sync },
    http: { client: 'native' },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
    status: { enabled: false },
    log: { level: 'warn' },
    replicas: { enabled: true, ...over },
  };
}

async function held(redis) {
  const members = await redis.zrange(keys.replicas, 0, -1);
  const shares = await Promise.all(members.map((one) => redis.hget(keys.replica(one), 'shares')));
  return shares.map(Number);
}

async function even(redis, replicas) {
  for (;;) {
    const shares = await held(redis);
    const sum = shares.reduce((all, n) => all + n, 0);
    if (shares.length === replicas && sum === 64 && Math.max(...shares) <= Math.ceil(64 / replicas)) return;
    await delay(20);
  }
}

async function throughput() {
  for (const replicas of process.argv[3] === undefined ? [1, 2, 3] : [Number(process.argv[3])]) {
    const server = await RedisServer.start();
    const redis = server.client();
    const crowd = fork(fileURLToPath(import.meta.url));
    const [port] = await once(crowd, 'message');
    // Loaded here alone: it serves peers of its own where it finds itself in a child process.
    const { registerConsumers } = await import('./crowd.mjs');
    await registerConsumers(redis, PEERS, port);
    for (const uuid of await redis.smembers(keys.consumers)) {
      void redis.hset(keys.consumer(uuid), { state: 'available', available: 1, failures: 0, checked_at: 1 });
    }
    await redis.ping();
    const answered = async () => {
      crowd.send('how many');
      return (await once(crowd, 'message'))[0];
    };
    // Shorter than a round takes, so that the next one begins at once.
    const all = await Promise.all(
      Array.from({ length: replicas }, () => Scheduler.start(settings(server, { lease: '2s' }, { interval: '4s' }))),
    );
    await even(redis, replicas);
    await delay(22_000);
    const [before, at] = [await answered(), Date.now()];
    await delay(15_000);
    const rate = ((await answered()) - before) / ((Date.now() - at) / 1_000);
    console.log(`${replicas} replicas: ${rate.toFixed(0)} checks/s`);
    for (const one of all) await one.kill();
    crowd.kill();
    await server.stop();
  }
}

async function rest() {
  for (const enabled of [true, false]) {
    const server = await RedisServer.start();
    const redis = server.client();
    const all = [];
    for (let i = 0; i < 2; i += 1) all.push(await Scheduler.start(settings(server, { enabled })));
    await (enabled ? even(redis, 2) : delay(5_000));
    await delay(3_000);
    const look = async () => {
      const info = await redis.info();
      const number = (name) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
      return {
        at: Date.now(),
        commands: number('total_commands_processed'),
        cpu: number('used_cpu_sys') + number('used_cpu_user'),
      };
    };
    const before = await look();
    await delay(20_000);
    const after = await look();
    const seconds = (after.at - before.at) / 1_000;
    const [commands, cpu] = [(after.commands - before.commands) / seconds, (after.cpu - before.cpu) / seconds];
    console.log(
      `2 schedulers, ${enabled ? 'sharing' : 'one stands by'}: ${commands.toFixed(0)} commands/s, ${(100 * cpu).toFixed(2)}% of a core in Redis`,
    );
    for (const one of all) await one.kill();
    await server.stop();
  }
}

async function kill() {
  for (const [lease, times] of [
    ['2s', 3],
    ['10s', 1],
  ]) {
    const server = await RedisServer.start();
    const redis = server.client();
    const start = () => Scheduler.start(settings(server, { lease }));
    const all = [await start(), await start(), await start()];
    await even(redis, 3);
    for (let i = 0; i < times; i += 1) {
      const at = Date.now();
      await all.shift().kill();
      await even(redis, 2);
      console.log(`lease ${lease}: even again ${((Date.now() - at) / 1_000).toFixed(1)} s after kill -9 of one of 3`);
      const from = Date.now();
      all.push(await start());
      await even(redis, 3);
      console.log(`lease ${lease}: even ${((Date.now() - from) / 1_000).toFixed(1)} s after the start of another one`);
    }
    for (const one of all) await one.kill();
    await server.stop();
  }
}
