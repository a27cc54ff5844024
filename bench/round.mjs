import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { nodeFetchClient } from '../dist/clients/nodeFetch.js';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';

/**
 * One round of the built program over many peers that answer at once, beside the same number of calls by the bare HTTP
 * client with the same concurrency: what the scheduler adds to its calls. The peers are a process of their own.
 */

const PEERS = Number(process.argv[2] ?? 10_000);
const REPEATS = Number(process.argv[3] ?? 3);
const CONCURRENCY = 64;

if (process.send !== undefined) {
  const { Endpoint } = await import('../.build/swarm/endpoint.js');
  const endpoint = await Endpoint.listen({
    path: '/sync',
    host: '127.0.0.1',
    port: 0,
    answer: () => ({ status: 200 }),
  });
  process.send(endpoint.port);
} else {
  const peers = fork(fileURLToPath(import.meta.url));
  const [port] = await once(peers, 'message');
  const server = await RedisServer.start();
  const redis = server.client();
  for (let done = 0; done < PEERS; done += 1_000) {
    const pipeline = redis.pipeline();
    for (let i = done; i < Math.min(done + 1_000, PEERS); i += 1) {
      const uuid = randomUUID();
      pipeline.hset(`p2p:consumer:${uuid}`, { ip: '127.0.0.1', port }).sadd('p2p:consumers', uuid);
    }
    await pipeline.exec();
  }

  for (let i = 0; i < REPEATS; i += 1) {
    const bareMs = await timed(() => bareCalls(port));
    const startMs = await timed(() => scheduler(['check-config'], server.url));
    const syncMs = (await timed(() => scheduler(['sync'], server.url))) - startMs;
    const perSecond = (ms) => `${((PEERS / ms) * 1_000).toFixed(0)} calls/s`;
    console.log(
      `${PEERS} peers: bare client ${(bareMs / 1_000).toFixed(2)} s (${perSecond(bareMs)}), ` +
        `round ${(syncMs / 1_000).toFixed(2)} s (${perSecond(syncMs)}), ratio ${(syncMs / bareMs).toFixed(2)}`,
    );
  }
  await server.stop();
  peers.kill();
}

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
