import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import type { Keys } from '#src/domain/keys.js';
import type { FailureReason } from '#src/domain/call/reasons.js';
import type { Behaviour } from '#swarm/behaviour.js';
import type { Endpoint } from '#swarm/endpoint.js';
import type { Scheduler } from '#swarm/scheduler.js';
import { eventually } from './eventually.js';
import { FALL, US, type Neighbours } from './neighbours.js';
import { keys as common } from './registry.js';
import { expectSound } from './sound.js';

export interface Outage {
  /** Makes Redis refuse, or be gone. */
  begin(): Promise<unknown>;
  /** Undoes it, up to the first answer that a plain client gets. */
  end(): Promise<unknown>;
  /** What has to hold all the while. */
  meanwhile?(): Promise<void>;
  /** A client of whatever holds the registry once it is over. */
  readonly redis: () => Redis;
  readonly keys?: Keys;
  /** How long it lasts at least; otherwise as long as it takes to see that the rounds go on. */
  readonly lastsMs?: number;
}

interface Way {
  readonly behaviour: Behaviour;
  readonly error: FailureReason | undefined;
}

const WELL: Way = { behaviour: 'well', error: undefined };
const WAYS: readonly Way[] = [
  WELL,
  { behaviour: { status: 503 }, error: 'http-503' },
  { behaviour: 'reset', error: 'reset' },
  { behaviour: 'silence', error: 'timeout' },
  { behaviour: 'wrong-identity', error: 'identity-mismatch' },
];
/** One more, since a check may have been under way before. */
const CHECKS = FALL + 1;
const PATIENCE_MS = 30_000;

/**
 * One outage of Redis, and all that is promised of it: the rounds go on, the peers' newest verdicts are written
 * afterwards, and every producer hears of the IP that was found before (one still owes its acknowledgement) or
 * meanwhile, by turns. Returns how long after the end the first of those verdicts was written, in milliseconds.
 */
export async function endure(
  outage: Outage,
  neighbours: Neighbours,
  scheduler: Scheduler,
  turn: number,
): Promise<number> {
  const { consumers, producers } = neighbours;
  const { keys = common, lastsMs = 0 } = outage;
  const wayOf = (i: number): Way => WAYS[(i + turn) % WAYS.length] ?? WELL;
  const owing = producers[turn % producers.length] ?? expect.fail('nobody to tell');
  const changesBefore = turn % 2 === 1;

  await announced(outage.redis(), neighbours, keys);
  owing.producer.endpoint.behave({ status: 503 });
  if (changesBefore) {
    const ip = neighbours.move();
    for (const { producer } of producers) {
      if (producer !== owing.producer) await producer.endpoint.until(() => producer.told.get(US)?.at(-1) === ip);
    }
  }

  await outage.begin();
  const beganAt = Date.now();
  owing.producer.endpoint.behave('well');
  if (!changesBefore) {
    const ip = neighbours.move();
    await scheduler.logged(({ event, message }) => event === 'ip.confirmed' && message.endsWith(` ${ip}`));
  }
  await behaving(consumers, (i) => wayOf(i + 1), 1);
  await delay(Math.max(0, beganAt + lastsMs - Date.now()));
  const mark = Date.now();
  await behaving(consumers, wayOf, CHECKS);
  await outage.meanwhile?.();
  // What is not stored is not sent: else a crash now would leave some producers with the IP before.
  if (!changesBefore)
    expect(producers.map(({ producer }) => producer.told.get(US)?.at(-1))).to.not.include(neighbours.ip);

  await outage.end();
  const redis = outage.redis();
  const tookMs = await firstVerdict(redis, neighbours, mark, keys);
  await eventually(async () => {
    for (const [i, { uuid }] of consumers.entries()) {
      const { error } = wayOf(i);
      const stored = await redis.hgetall(keys.consumer(uuid));
      expect(stored.error, uuid).to.equal(error);
      expect(stored.state, uuid).to.equal(error === undefined ? 'available' : 'unavailable');
    }
  }, PATIENCE_MS);
  await announced(redis, neighbours, keys);
  await expectSound(redis, keys);
  return tookMs;
}

/** Makes each consumer behave in its way until it was called so many times more. */
async function behaving(
  consumers: readonly { readonly endpoint: Endpoint }[],
  wayOf: (i: number) => Way,
  calls: number,
): Promise<void> {
  await Promise.all(
    consumers.map(({ endpoint }, i) => {
      endpoint.behave(wayOf(i).behaviour);
      const before = endpoint.calls.length;
      return endpoint.until((one) => one.calls.length >= before + calls, PATIENCE_MS);
    }),
  );
}

/** Waits for the first verdict from after the mark to be written; returns how long that took, in milliseconds. */
export async function firstVerdict(
  redis: Redis,
  { consumers }: Neighbours,
  mark: number,
  keys: Keys = common,
): Promise<number> {
  const from = Date.now();
  await eventually(async () => {
    const checkedAt = await Promise.all(consumers.map(({ uuid }) => redis.hget(keys.consumer(uuid), 'checked_at')));
    expect(Math.max(...checkedAt.map(Number))).to.be.greaterThan(mark);
  }, PATIENCE_MS);
  return Date.now() - from;
}

/** Waits until everybody but those named is available, and every producer has acknowledged the IP that we have now. */
export async function settled(
  redis: Redis,
  neighbours: Neighbours,
  { dead = [], keys = common }: { readonly dead?: readonly number[]; readonly keys?: Keys } = {},
): Promise<void> {
  await eventually(async () => {
    for (const [i, { uuid }] of neighbours.consumers.entries()) {
      expect(await redis.hget(keys.consumer(uuid), 'available'), uuid).to.equal(dead.includes(i) ? '0' : '1');
    }
  }, PATIENCE_MS);
  await announced(redis, neighbours, keys);
}

/** Every producer has been told the IP that we have now, and the outbox knows. */
async function announced(redis: Redis, { ip, producers }: Neighbours, keys: Keys): Promise<void> {
  await eventually(async () => {
    for (const { uuid, producer } of producers) {
      expect(producer.told.get(US)?.at(-1), uuid).to.equal(ip);
      expect(await redis.hget(keys.producer(uuid), 'notified_ip'), uuid).to.equal(ip);
    }
    expect(await redis.zcard(keys.announcements)).to.equal(0);
  }, PATIENCE_MS);
}
