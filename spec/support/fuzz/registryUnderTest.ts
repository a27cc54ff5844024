import type { Redis } from 'ioredis';
import { concat, concatMap, defer, from, lastValueFrom, mergeAll, of, toArray } from 'rxjs';
import { redisFailure, type RedisClient } from '#src/clients/redis.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import type { Reply } from '#src/domain/call/http.js';
import type { Lane, PeerAddress } from '#src/domain/peer/peer.js';
import { Bell } from '#src/state/bell.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UndecidedFailures } from '#src/state/undecided.js';
import type { SchedulerEvent } from '#src/events.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { RegistrySource } from '#src/sources/registry.js';
import { draw } from '#src/streams/operators/draw.js';
import { pull } from '#src/streams/operators/pull.js';
import { checkPeer, type CheckOptions } from '#src/streams/sync/checkPeer.js';
import { recheck, sweep, type LaneItem } from '#src/streams/sync/sweep.js';
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
  const book = new PeerBook(['public']);
  const called: PeerAddress[] = [];
  const registry = new RegistrySource(client, keys);
  const wall = (): number => now;
  const source = {
    registry,
    book,
    self: 'us',
    clock: { wall, steady: () => 0 },
    bell: new Bell(),
    explain: redisFailure,
  };
  const sink = new WriteBack(client, keys, book, wall, redisFailure);
  const options: CheckOptions = {
    book,
    evidence: new OnlineEvidence(),
    clock: { wall, steady: wall, epoch: () => 0 },
    request: (address) => {
      called.push(address);
      const good: Reply = { ok: true, status: 200, body: '' };
      return of<Reply>(called.length % 3 === 0 ? { ok: false, reason: 'refused' } : good);
    },
    timeoutMs: 1_000,
    rules: { fall: 3, rise: 1 },
    allow: ['public'],
    polledScope: undefined,
    undecided: new UndecidedFailures(() => 0),
    families: new HostFamilies(() => new Set(['IPv4', 'IPv6'])),
  };
  const written$ = defer(() => from(sink.settle())).pipe(mergeAll());
  const lane = (name: Lane) => {
    const check = checkPeer(options, name);
    const work = (item: LaneItem) =>
      'event' in item ? of(item.event) : check(item.entry).pipe(concatMap((event) => concat(written$, of(event))));
    const items = () => (name === 'regular' ? sweep(source, 1) : recheck(source, name, 0));
    return draw(items, (next$) => pull(next$, work, 64));
  };
  const lanes = from(['regular', 'suspect', 'pending', 'unavailable'] as const);
  const events: readonly SchedulerEvent[] = await lastValueFrom(lanes.pipe(concatMap(lane), toArray()));
  return { called, events, unwritten: book.unwrittenCount };
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
