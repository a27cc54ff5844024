import { performance } from 'node:perf_hooks';
import { RedisServer } from '../.build/swarm/redis.js';
import { keysUnder } from '../dist/domain/keys.js';
import { RedisOutbox } from '../dist/outbox/redisOutbox.js';

/** How long Redis is taken up by storing a change of the IP for so many producers, against the bare read of their set. */

const BATCH = 1_000;
const RUNS = 5;
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

const server = await RedisServer.start();
const redis = server.client();
const keys = keysUnder('p2p:');
const outbox = new RedisOutbox(redis, keys, Date.now);
for (const producers of [1_000, 10_000, 100_000]) {
  await redis.flushall();
  for (let from = 0; from < producers; from += BATCH) {
    const pipeline = redis.pipeline();
    for (let i = from; i < from + BATCH; i += 1) {
      const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
      pipeline.hset(keys.producer(uuid), 'ip', '192.0.2.1').sadd(keys.producers, uuid);
    }
    await pipeline.exec();
  }
  const [read, record] = [[], []];
  for (let run = 1; run <= RUNS; run += 1) {
    read.push(await timed(() => redis.smembers(keys.producers)));
    record.push(await timed(() => outbox.enqueue(`192.0.2.${run}`)));
  }
  const [bare, whole] = [median(read), median(record)];
  console.log(
    `${producers} producers: read ${bare.toFixed(1)} ms, recorded ${whole.toFixed(1)} ms, ratio ${(whole / bare).toFixed(1)}`,
  );
}
await server.stop();
