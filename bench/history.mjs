import { randomUUID } from 'node:crypto';
import { RedisServer } from '../.build/swarm/redis.js';
import { keysUnder } from '../dist/domain/keys.js';
import { WriteBack } from '../dist/sinks/writeBack.js';
import { RegistrySource } from '../dist/sources/registry.js';
import { PeerBook } from '../dist/state/peerBook.js';

/**
 * What history adds to a round: the bytes that Redis is sent, reading the registry included, and the time that it spends
 * on the script that writes, over virtual rounds a minute apart. Full batches are the least that verdicts can be sent in.
 */

const PEERS = Number(process.argv[2] ?? 5_000);
const ROUNDS = Number(process.argv[3] ?? 32);
const BATCH = 64;

const server = await RedisServer.start();
const redis = server.client();
const keys = keysUnder('p2p:');

async function sentBytes() {
  const [, bytes] = /total_net_input_bytes:(\d+)/.exec(await redis.info('stats'));
  return Number(bytes);
}

async function rounds(history) {
  await redis.flushall();
  const pipeline = redis.pipeline();
  for (let i = 0; i < PEERS; i += 1) {
    const uuid = randomUUID();
    pipeline.hset(keys.consumer(uuid), 'ip', `192.0.2.${i % 256}`).sadd(keys.consumers, uuid);
  }
  await pipeline.exec();
  const client = server.client();
  let now = Date.now();
  const book = new PeerBook(['public']);
  const registry = new RegistrySource(client, keys);
  const sink = new WriteBack(client, keys, book, () => now, String, history);
  await redis.call('CONFIG', 'RESETSTAT');
  for (let round = 1; round <= ROUNDS; round += 1) {
    const entries = [];
    for await (const page of registry.pages()) entries.push(...page);
    for (let i = 0; i < entries.length; i += BATCH) {
      for (const entry of entries.slice(i, i + BATCH)) {
        book.remember(entry, round);
        book.record(entry, {
          at: now,
          outcome: { ok: true, latencyMs: 20 + (i % 200) },
          counted: true,
          health: { state: 'available', failures: 0, successes: 1, countedGeneration: 0 },
        });
      }
      await sink.settle();
    }
    now += 60_000;
  }
  const bytes = (await sentBytes()) / ROUNDS;
  const [, us] = /cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(await redis.info('commandstats'));
  return { bytes, us: Number(us) / ROUNDS };
}

const without = await rounds({ hours: 0, days: 0 });
const withHistory = await rounds({ hours: 168, days: 90 });
for (const [name, { bytes, us }] of Object.entries({ without, 'with history': withHistory })) {
  console.log(
    `${name}: ${(bytes / PEERS).toFixed(1)} bytes and ${(us / PEERS).toFixed(1)} µs of Redis a peer and round`,
  );
}
console.log(`${((withHistory.bytes / without.bytes - 1) * 100).toFixed(1)}% more bytes, ${PEERS} peers`);
await server.stop();
