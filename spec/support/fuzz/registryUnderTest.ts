import type { Redis } from 'ioredis';
import { concat, lastValueFrom, NEVER, of, toArray } from 'rxjs';
import { decisions } from '#src/app/checking.js';
import { LANES } from '#src/app/lanes.js';
import { syncRound } from '#src/app/syncRound.js';
import { redisFailure, type RedisClient } from '#src/clients/redis.js';
import { loadConfig } from '#src/config/load.js';
import type { PostJson, Reply } from '#src/domain/call/http.js';
import type { Lane } from '#src/domain/peer/peer.js';
import type { SchedulerEvent } from '#src/events.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { RegistrySource } from '#src/sources/registry.js';
import { RoundTrigger } from '#src/state/roundTrigger.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import { SourceBreaker } from '#src/state/sourceBreaker.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UndecidedFailures } from '#src/state/undecided.js';
import { keys } from '../registry.js';
import type { StoredEntry } from './entries.js';
import { load } from './inputs.js';
import { ALL } from '../shares.js';
import { hostWith } from '../hostAddresses.js';

const US = '00000000-0000-4000-8000-000000000000';

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
  const { config } = await loadConfig({
    file: undefined,
    env: { LOCAL_UUID: US, IP_OVERRIDE: '93.184.216.34' },
    cwd: '/nonexistent',
  });
  const book = new PeerBook(config.network.allow);
  const called: { readonly ip: string }[] = [];
  const wall = (): number => now;
  const deps = {
    registry: new RegistrySource(client, keys),
    book,
    shares: ALL,
    evidence: new OnlineEvidence(),
    undecided: new UndecidedFailures(wall),
    families: new HostFamilies(() => hostWith(['IPv4', 'IPv6'])),
    roundTrigger: new RoundTrigger(),
    lookUps: new Map(),
    sourceBreaker: new SourceBreaker(() => 0.5),
    ipSources: () => [],
    clock: { wall, steady: wall, epoch: () => 0 },
    explain: redisFailure,
    writeBack: new WriteBack(client, keys, book, wall, redisFailure),
    post: (): PostJson => (request) => {
      called.push({ ip: new URL(request.url).hostname.replace(/^\[|\]$/g, '') });
      const good: Reply = { ok: true, status: 200, body: '' };
      return Promise.resolve(called.length % 3 === 0 ? { ok: false, reason: 'refused' } : good);
    },
    config$: of(config),
    stop$: NEVER,
  };
  const lane = (name: Lane) => syncRound(deps, name, 1, config, 0);
  const round$ = concat(...LANES.map(lane), decisions(deps, true));
  const events: readonly SchedulerEvent[] = await lastValueFrom(round$.pipe(toArray()));
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
