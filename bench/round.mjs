import { randomUUID } from 'node:crypto';
import { nodeFetchClient } from '../dist/clients/nodeFetch.js';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { registerConsumers, startCrowd } from './crowd.mjs';

/**
 * One round of the built program over many peers that answer at once, beside the same number of calls by the bare HTTP
 * client with the same concurrency: what the scheduler adds to its calls. The peers are a process of their own.
 */

const PEERS = Number(process.argv[2] ?? 10_000);
const REPEATS = Number(process.argv[3] ?? 3);
const CONCURRENCY = 64;

const crowd = await startCrowd();
const server = await RedisServer.start();
await registerConsumers(server.client(), PEERS, crowd.port);

for (let i = 0; i < REPEATS; i += 1) {
  const bareMs = await timed(() => bareCalls(crowd.port));
  const startMs = await timed(() => scheduler(['check-config'], server.url));
  const syncMs = (await timed(() => scheduler(['sync'], server.url))) - startMs;
  const perSecond = (ms) => `${((PEERS / ms) * 1_000).toFixed(0)} calls/s`;
  console.log(
    `${PEERS} peers: bare client ${(bareMs / 1_000).toFixed(2)} s (${perSecond(bareMs)}), ` +
      `round ${(syncMs / 1_000).toFixed(2)} s (${perSecond(syncMs)}), ratio ${(syncMs / bareMs).toFixed(2)}`,
  );
}
await server.stop();
crowd.end();

async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function bareCalls(port) {
  const post = nodeFetchClient({ userAgent: 'bench', tls: {} });
  let left = PEERS;
  const lane = async () => {
    while (left-- > 0) {
      await post(
        { url: `http://127.0.0.1:${port}/sync`, body: '{"uuid":""}', headers: {} },
        new AbortController().signal,
      );
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
}

async function scheduler(command, url) {
  const config = {
    uuid: randomUUID(),
    redis: { url },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
    sync: { concurrency: CONCURRENCY },
  };
  const run = await Scheduler.start(config, {}, command);
  if ((await run.ended()) !== 0) throw new Error(run.output);
  await run.clear();
}
