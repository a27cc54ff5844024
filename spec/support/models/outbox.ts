import { expect } from 'chai';
import type { Redis } from 'ioredis';
import type { Lease } from '#src/domain/announce/outbox.js';
import type { StoredAddress } from '#src/domain/peer/peer.js';
import { RedisOutbox } from '#src/outbox/redisOutbox.js';
import type { RedisServer } from '#swarm/redis.js';
import { keys } from '../registry.js';

export const LEASE_MS = 15_000;
export const HOUR_MS = 3_600_000;
/** A clock that is set right by less changes nothing. */
export const CLOCK_STEP_MS = 60_000;

export type Due = Extract<Lease, { kind: 'due' }>;

/** A producer as the API has it registered, and what the contract says the scheduler knows of it. */
export interface Registered {
  /** Undefined where it is in the set alone, or its key is no hash. */
  address: { ip: string; port?: string } | undefined;
  /** What its key holds where that is no hash. */
  instead: string | undefined;
  notified: { ip: string; at: number } | undefined;
  /** Where, as far as that is noted. */
  notifiedTo: string | undefined;
  attempts: number | undefined;
  error: string | undefined;
}

/** What the outbox promises, in plain data: who owes us an acknowledgement of the current IP, and from when on. */
export class OutboxModel {
  now = 1_000_000_000;
  ip: string | undefined;
  changedAt = 0;
  /** The longest wait that the settings of the moment allow. */
  longestMs = HOUR_MS;
  /** Whether newcomers are told as well. */
  newcomers = false;
  /** The last 20 changes, as they are stored. */
  changes: readonly (readonly string[])[] = [];
  readonly registered = new Map<string, Registered>();
  readonly owes = new Map<string, number>();
  /** Attempts in vain of those that have no hash to keep them in, since they were last put on the list. */
  readonly tries = new Map<string, number>();
  /** Attempts under way, the oldest first; some will have been overtaken when they end. */
  claims: Due[] = [];

  storedOf(uuid: string): StoredAddress {
    const address = this.registered.get(uuid)?.address;
    return { ip: address?.ip ?? null, port: address?.port ?? null };
  }

  /** Where a producer that has a hash is called, in one text. */
  placeOf(uuid: string): string {
    const { ip, port } = this.storedOf(uuid);
    return port === null ? `${ip}` : `${ip} ${port}`;
  }

  /** What the list holds: a fraction of a millisecond stands for the attempts of those without a hash. */
  scores(): Map<string, number> {
    return new Map([...this.owes].map(([uuid, at]) => [uuid, at + Math.min(this.tries.get(uuid) ?? 0, 1_023) / 1_024]));
  }

  /** What is known of the attempts at a producer for the current IP. */
  triesOf(uuid: string): { readonly attempts: number; readonly error: string | null } {
    const producer = this.registered.get(uuid);
    if (producer?.address !== undefined) return { attempts: producer.attempts ?? 0, error: producer.error ?? null };
    const attempts = this.tries.get(uuid) ?? 0;
    return { attempts, error: attempts > 0 ? 'address-invalid' : null };
  }

  /** Those who may be claimed now: no lease or pause of theirs is left but one that is longer than any can be now. */
  due(): string[] {
    const isDue = (at: number): boolean => at <= this.now || at > this.now + this.longestMs + CLOCK_STEP_MS;
    return this.ip === undefined ? [] : [...this.owes].filter(([, at]) => isDue(at)).map(([uuid]) => uuid);
  }
}

/** The real thing beside the model. */
export class RealOutbox {
  outbox: RedisOutbox;

  constructor(
    readonly server: RedisServer,
    readonly redis: Redis,
    private readonly model: OutboxModel,
  ) {
    this.outbox = this.reopen();
  }

  /** What a restart of the scheduler leaves of it: nothing but what is in Redis. */
  reopen(): RedisOutbox {
    return (this.outbox = new RedisOutbox(this.redis, keys, () => this.model.now));
  }
}

/** Redis holds what the model says, and nothing else. */
export async function expectSame(model: OutboxModel, { redis }: RealOutbox): Promise<void> {
  const list = await redis.zrange(keys.announcements, 0, '-1', 'WITHSCORES');
  const owed = new Map(list.flatMap((uuid, i) => (i % 2 === 0 ? [[uuid, Number(list[i + 1])] as const] : [])));
  expect(owed, 'who owes an acknowledgement, and when').to.deep.equal(model.scores());
  expect((await redis.hget(keys.scheduler, 'ip')) ?? undefined).to.equal(model.ip);
  const changes = await redis.xrange(keys.ipChanges, '-', '+');
  expect(changes.map(([, fields]) => fields)).to.deep.equal(model.changes);
  const hashes = [...model.registered].filter(([, { address }]) => address !== undefined);
  const others = [...model.registered].filter(([, { instead }]) => instead !== undefined);
  expect(await redis.keys(`${keys.producerPrefix}*`), 'no producer is created').to.have.members(
    [...hashes, ...others].map(([uuid]) => keys.producer(uuid)),
  );
  for (const [uuid, { instead }] of others) expect(await redis.get(keys.producer(uuid)), uuid).to.equal(instead);
  for (const [uuid, { address, notified, notifiedTo, attempts, error }] of hashes) {
    expect(await redis.hgetall(keys.producer(uuid)), uuid).to.deep.equal({
      ...address,
      ...(notified && { notified_ip: notified.ip, notified_at: String(notified.at) }),
      ...(notifiedTo === undefined ? {} : { notified_to: notifiedTo }),
      ...(attempts === undefined ? {} : { attempts: String(attempts) }),
      ...(error === undefined ? {} : { error }),
    });
  }
}
