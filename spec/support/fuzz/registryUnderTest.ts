import type { Redis } from 'ioredis';
import { concatMap, from, lastValueFrom, NEVER, of, toArray } from 'rxjs';
import { redisFailure, type RedisClient } from '#src/clients/redis.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import type { Reply } from '#src/domain/call/http.js';
import type { PeerAddress } from '#src/domain/peer/peer.js';
import { PeerBook } from '#src/state/peerBook.js';
import type { SchedulerEvent } from '#src/events.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { RegistrySource } from '#src/sources/registry.js';
import { checkPeer } from '#src/streams/sync/checkPeer.js';
import { runLane } from '#src/streams/sync/round.js';
import { recheck, sweep } from '#src/streams/sync/sweep.js';
import { keys } from '../registry.js';
import type { StoredEntry } from './entries.js';
import { load } from './inputs.js';

/** Puts the entries into the registry, each as its type has it. */
export async function plant(redis: Redis, entries: readonly StoredEntry[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const { member, type, fields } of entries) {
    const key = keyOf(load(member));
    const note = load(fields.note ?? '');
    pipeline.sadd(keys.consumers, load(member));
    switch (type) {
      case 'hash':
        for (const [name, value] of Object.entries(fields)) pipeline.hset(key, name, load(value));
        break;
      case 'string':
        pipeline.set(key, note);
        break;
      case 'list':
        pipeline.rpush(key, note);
        break;
      case 'set':
        pipeline.sadd(key, note);
        break;
      case 'zset':
        pipeline.zadd(key, 1, note);
        break;
      case 'stream':
        pipeline.xadd(key, '*', 'note', note);
        break;
      case 'none':
    }
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
}

export function keyOf(member: Buffer): Buffer {
  return Buffer.concat([Buffer.from(keys.consumerPrefix), member]);
}

/** A round of each lane over the whole registry, as the program runs them, and the addresses that were called. */
export async function roundOver(client: RedisClient, now: number) {
  const table = new PeerBook();
  const called: PeerAddress[] = [];
  const registry = new RegistrySource(client, keys);
  const wall = (): number => now;
  const source = { registry, table, self: 'us', wall, explain: redisFailure };
  const sink = new WriteBack(client, keys, wall, redisFailure);
  const context = { table, evidence: new OnlineEvidence(), clock: { wall, steady: wall, epoch: () => 0 } };
  const request = (address: PeerAddress) => {
    called.push(address);
    return of<Reply>(called.length % 3 === 0 ? { ok: false, reason: 'refused' } : { ok: true, status: 200, body: '' });
  };
  const settings = {
    request,
    timeoutMs: 1_000,
    rules: { fall: 3, rise: 1 },
    allow: ['public'] as const,
    polled: false,
  };
  const lane = (name: 'regular' | 'suspect' | 'unavailable') =>
    runLane(name === 'regular' ? sweep(source, 1) : recheck(source, name, 0), {
      check: checkPeer(context, settings, name),
      write: sink.write,
      concurrency: 64,
      gapMs: 0,
      stop$: NEVER,
    });
  const lanes = from(['regular', 'suspect', 'unavailable'] as const);
  const events: readonly SchedulerEvent[] = await lastValueFrom(lanes.pipe(concatMap(lane), toArray()));
  return { called, events, unwritten: sink.unwritten };
}

/** Every key of the database as it stands: its type, and all of its content. */
export async function contents(redis: Redis): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const names = await redis.keysBuffer('*');
  const all = await Promise.all(
    names.map(async (key): Promise<[string, Readonly<Record<string, string>>]> => {
      const name = key.toString('latin1');
      if ((await redis.type(key)) !== 'hash') return [name, { dump: (await redis.dumpBuffer(key)).toString('base64') }];
      const fields = await redis.hgetallBuffer(key);
      return [
        name,
        Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, value.toString('latin1')])),
      ];
    }),
  );
  return new Map(all);
}
