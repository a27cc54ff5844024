import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { nativeClient } from '../dist/clients/native.js';
import { nodeFetchClient } from '../dist/clients/nodeFetch.js';
import { RedisServer } from '../.build/swarm/redis.js';
import { Scheduler } from '../.build/swarm/scheduler.js';
import { median, report, table, times } from './figures.mjs';
import { startSlowPeers } from './slowPeers.mjs';

/**
 * From the poll that confirms a change of the IP to the last producer's acknowledgement, beside a bare loop over the same
 * client at the same concurrency. The producers answer after 50 ms, in a process of their own.
 *
 * node bench/ipChange.mjs [PRODUCERS [TURNS]]
 */

const ANSWER_MS = 50;
const CONCURRENCY = 32;

await main(Number(process.argv[2] ?? 1_000), Number(process.argv[3] ?? 5));

async function main(count, turns) {
  const producers = await startSlowPeers(ANSWER_MS);
  const { port } = producers;
  const results = {};
  for (const [client, make] of Object.entries({ native: nativeClient, 'node-fetch': nodeFetchClient })) {
    const post = make({ userAgent: 'bench', tls: {} });
    const bare = [];
    const program = [];
    await measured(client, port, count, turns, async (changeMs) => {
      bare.push(await loop(post, port, count));
      program.push(changeMs);
    });
    results[client] = { bare: median(bare), program: median(program), ratio: median(program) / median(bare) };
  }
  producers.end();
  report(
    'A change of the IP',
    table(
      [`${count} producers that answer in ${ANSWER_MS} ms`, 'bare loop', 'program', 'ratio'],
      Object.entries(results).map(([client, { bare, program, ratio }]) => [
        client,
        `${bare.toFixed(0)} ms`,
        `${program.toFixed(0)} ms`,
        times(ratio),
      ]),
    ),
    { producers: count, turns, results },
  );
}

async function loop(post, port, count) {
  const startedAt = performance.now();
  let left = count;
  const lane = async () => {
    while (left-- > 0) {
      const call = { url: `http://127.0.0.1:${port}/ip`, body: JSON.stringify({ uuid: '', ip: '' }), headers: {} };
      await post(call, new AbortController().signal);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  return performance.now() - startedAt;
}

/** Changes the IP so often, and hands on how long each change took. */
async function measured(client, port, count, turns, took) {
  let ip = '93.184.216.1';
  const service = createServer((_, response) => response.end(ip)).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const server = await RedisServer.start();
  const pipeline = server.client().pipeline();
  for (let i = 0; i < count; i += 1) {
    const uuid = randomUUID();
    pipeline.hset(`p2p:producer:${uuid}`, { ip: '127.0.0.1', port }).sadd('p2p:producers', uuid);
  }
  await pipeline.exec();
  const url = `http://127.0.0.1:${service.address().port}/`;
  const scheduler = await Scheduler.start({
    uuid: randomUUID(),
    redis: { url: server.url },
    http: { client },
    network: { allow: ['loopback'] },
    // One source: what it says has to come in three polls.
    publicIp: { interval: '1s', sources: [{ url }] },
    announce: { concurrency: CONCURRENCY },
  });
  const at = async (event) => {
    const line = await scheduler.logged((one) => one.event === event && one.message.includes(ip), 120_000);
    return Date.parse(line.timestamp);
  };
  // The first one finds everything cold.
  for (let turn = 0; turn <= turns; turn += 1) {
    if (turn > 0) ip = `93.184.216.${turn + 1}`;
    const changeMs = -(await at('ip.confirmed')) + (await at('announcements.complete'));
    if (turn > 0) await took(changeMs);
  }
  await scheduler.stop();
  await server.stop();
  service.close();
}
