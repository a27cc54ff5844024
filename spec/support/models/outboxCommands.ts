import { expect } from 'chai';
import fc, { type Arbitrary } from 'fast-check';
import type { Settled } from '#src/domain/announce/outbox.js';
import { keys } from '../registry.js';
import { CLOCK_STEP_MS, expectSame, HOUR_MS, LEASE_MS, type OutboxModel, type RealOutbox } from './outbox.js';
import { stepping } from './step.js';

export const outboxSteps = { taken: 0 };
const step = stepping<OutboxModel, RealOutbox>(outboxSteps, expectSame);

const UUIDS = ['a', 'b', 'c', 'd', 'e'];
const IPS = ['93.184.0.1', '93.184.0.2', '93.184.0.3'];
const ADDRESSES = [{ ip: '1.1.1.1' }, { ip: '1.1.1.1', port: '81' }, { ip: '8.8.8.8' }];

const record$ = fc.constantFrom(...IPS).map((ip) =>
  step(`record ${ip}`, async (model, { outbox }) => {
    const previous = model.ip;
    const changed = previous !== ip;
    const producers = changed ? model.registered.size : 0;
    expect(await outbox.enqueue({ ip, agreed: ['dns'] })).to.deep.equal({ changed, previous, producers });
    if (!changed) return;
    model.ip = ip;
    model.changedAt = model.now;
    const change = ['at', String(model.now), 'ip', ip, 'previous', previous ?? '', 'agreed', 'dns'];
    model.changes = [...model.changes, change].slice(-20);
    model.owes.clear();
    model.tries.clear();
    for (const [uuid, producer] of model.registered) {
      model.owes.set(uuid, model.now);
      Object.assign(producer, { attempts: undefined, error: undefined });
    }
  }),
);

const claim$ = fc.constantFrom(undefined, ...IPS).map((expected) =>
  step(`claim for ${expected ?? 'whatever is stored'}`, async (model, { outbox }) => {
    const claim = await outbox.lease(expected, { leaseMs: LEASE_MS, longestMs: model.longestMs });
    if (expected !== undefined && expected !== model.ip) {
      expect(claim).to.deep.equal({ kind: 'stale' });
      return;
    }
    switch (claim.kind) {
      case 'due': {
        const producer = model.registered.get(claim.uuid);
        expect(claim.ip, 'only the current IP is given out').to.equal(model.ip);
        expect(model.due(), 'nobody is claimed twice within a lease').to.include(claim.uuid);
        expect(producer, claim.uuid).to.not.equal(undefined);
        expect(claim.stored).to.deep.equal(model.storedOf(claim.uuid));
        expect(claim).to.deep.include(model.triesOf(claim.uuid));
        if (producer?.address !== undefined) model.tries.delete(claim.uuid);
        model.owes.set(claim.uuid, model.now + LEASE_MS);
        model.claims.push(claim);
        return;
      }
      case 'dropped':
        expect(model.registered.has(claim.uuid), 'who is dropped has left').to.equal(false);
        expect(model.owes.delete(claim.uuid)).to.equal(true);
        model.tries.delete(claim.uuid);
        return;
      case 'wait':
        expect(model.due(), 'nobody who is due has to wait').to.deep.equal([]);
        expect(claim.forMs).to.equal(Math.min(...model.owes.values()) - model.now);
        return;
      default:
        expect(claim.kind).to.equal('empty');
        expect(model.owes.size === 0 || model.ip === undefined, 'nobody owes anything').to.equal(true);
    }
  }),
);

/**
 * The end of any attempt that is under way, in whatever order: some come late, from before a change or a lease's end.
 */
const settle$ = fc
  .tuple(fc.nat(100), fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 2 }), fc.boolean())
  .map(([pick, share, again]) =>
    step(
      `settle the attempt ${pick}: ${share === null ? 'acknowledged' : `failed, again after ${share} of the longest wait`}`,
      async (model, { outbox }) => {
        const retryInMs = share === null ? null : Math.round(share * model.longestMs);
        const at = pick % model.claims.length;
        const delivery = model.claims[at] ?? expect.fail('no attempt');
        const { stored } = delivery;
        // An acknowledgement takes an address that could be called.
        const acknowledged = retryInMs === null && stored.ip !== null;
        // Every second one stays, to be settled twice.
        if (!again) model.claims.splice(at, 1);
        const failedMs = acknowledged ? undefined : (retryInMs ?? 10);
        const settled = await (failedMs === undefined
          ? outbox.ack(delivery, model.newcomers)
          : outbox.nack(delivery, 'timeout', failedMs));
        const found = settleIn(model, delivery, failedMs);
        expect(settled).to.deep.equal({ pending: model.owes.size, ...found });
      },
      ({ claims }) => claims.length > 0,
    ),
  );

/** What a settlement comes to in the model. */
function settleIn(
  model: OutboxModel,
  { uuid, ip, stored }: Pick<OutboxModel['claims'][number], 'uuid' | 'ip' | 'stored'>,
  retryInMs: number | undefined,
): Omit<Settled, 'pending'> {
  const outdated = (why: Settled['outdated']) => ({ outdated: why, again: false });
  const producer = model.registered.get(uuid);
  const owing = model.owes.has(uuid);
  if (producer === undefined) {
    model.owes.delete(uuid);
    model.tries.delete(uuid);
    return outdated('left');
  }
  const now = model.storedOf(uuid);
  if (now.ip !== stored.ip || now.port !== stored.port) {
    if (owing) model.owes.set(uuid, model.now);
    model.tries.delete(uuid);
    return outdated('address');
  }
  const current = ip === model.ip;
  let again = false;
  if (retryInMs === undefined && (current || owing)) {
    again = owing && producer.notified?.ip === ip && producer.notified.at >= model.changedAt;
    producer.notified = { ip, at: model.now };
    if (model.newcomers || producer.notifiedTo !== undefined) producer.notifiedTo = model.placeOf(uuid);
  }
  if (!current) return outdated('ip');
  if (retryInMs !== undefined && !owing) return outdated('acknowledged');
  if (retryInMs === undefined) model.owes.delete(uuid);
  else model.owes.set(uuid, model.now + retryInMs);
  if (producer.address === undefined) {
    model.tries.set(uuid, (model.tries.get(uuid) ?? 0) + 1);
    return outdated(undefined);
  }
  model.tries.delete(uuid);
  producer.attempts = (producer.attempts ?? 0) + 1;
  producer.error = retryInMs === undefined ? undefined : 'timeout';
  return { outdated: undefined, again };
}

const look$ = fc
  .tuple(fc.constantFrom(...IPS), fc.boolean(), fc.constantFrom(undefined, 1_000, HOUR_MS))
  .map(([ip, newcomers, refreshMs]) =>
    step(
      `look for ${newcomers ? 'newcomers' : 'nobody new'}, and again after ${refreshMs ?? 'no'} ms, for ${ip}`,
      async (model, { outbox }) => {
        model.newcomers = newcomers;
        const found = await outbox.scan(ip, { newcomers, refreshMs }, undefined);
        const expected = { next: undefined, newcomers: 0, refreshed: 0 };
        for (const [uuid, producer] of ip === model.ip ? model.registered : []) {
          if (producer.address === undefined || model.owes.has(uuid)) continue;
          const place = model.placeOf(uuid);
          const told = producer.notified?.ip === ip ? producer.notified : undefined;
          const ageMs = model.now - (told?.at ?? model.changedAt);
          const isNew = newcomers && (told === undefined || (producer.notifiedTo ?? place) !== place);
          const isOld = refreshMs !== undefined && (ageMs >= refreshMs || ageMs < -CLOCK_STEP_MS);
          if (newcomers) producer.notifiedTo = place;
          if (!isNew && !isOld) continue;
          Object.assign(producer, { attempts: undefined, error: undefined });
          model.owes.set(uuid, model.now);
          if (isNew) expected.newcomers += 1;
          else expected.refreshed += 1;
        }
        expect(found).to.deep.equal(expected);
      },
    ),
  );

const join$ = fc
  .tuple(fc.constantFrom(...UUIDS), fc.constantFrom(undefined, 'no hash', ...ADDRESSES))
  .map(([uuid, given]) =>
    step(
      `${uuid} joins with ${JSON.stringify(given ?? 'no key')}`,
      async (model, { redis }) => {
        const [address, instead] = typeof given === 'string' ? [undefined, given] : [given, undefined];
        if (address !== undefined) await redis.hset(keys.producer(uuid), address);
        if (instead !== undefined) await redis.set(keys.producer(uuid), instead);
        await redis.sadd(keys.producers, uuid);
        const unknown = { notified: undefined, notifiedTo: undefined, attempts: undefined, error: undefined };
        model.registered.set(uuid, { address, instead, ...unknown });
      },
      ({ registered }) => !registered.has(uuid),
    ),
  );

const leave$ = fc.constantFrom(...UUIDS).map((uuid) =>
  step(
    `${uuid} leaves`,
    async (model, { redis }) => {
      await redis.multi().srem(keys.producers, uuid).del(keys.producer(uuid)).exec();
      model.registered.delete(uuid);
    },
    ({ registered }) => registered.has(uuid),
  ),
);

const move$ = fc.tuple(fc.constantFrom(...UUIDS), fc.constantFrom(...ADDRESSES)).map(([uuid, address]) =>
  step(
    `${uuid} moves to ${JSON.stringify(address)}`,
    async (model, { redis }) => {
      const producer = model.registered.get(uuid) ?? expect.fail(uuid);
      if (producer.instead !== undefined) await redis.del(keys.producer(uuid));
      await redis.multi().hdel(keys.producer(uuid), 'port').hset(keys.producer(uuid), address).exec();
      Object.assign(producer, { address, instead: undefined });
    },
    ({ registered }) => registered.has(uuid),
  ),
);

const vanish$ = fc.constantFrom(...UUIDS).map((uuid) =>
  step(
    `the key of ${uuid} is gone`,
    async (model, { redis }) => {
      await redis.del(keys.producer(uuid));
      const unknown = { address: undefined, instead: undefined, notified: undefined, notifiedTo: undefined };
      Object.assign(model.registered.get(uuid) ?? {}, { ...unknown, attempts: undefined, error: undefined });
    },
    ({ registered }) => registered.has(uuid),
  ),
);

const clock$ = fc
  .oneof(
    fc.constantFrom(LEASE_MS - 1, LEASE_MS, LEASE_MS + 1),
    fc.integer({ min: 1, max: 2 * LEASE_MS }),
    fc.integer({ min: -LEASE_MS, max: -1 }),
    fc.integer({ min: 1, max: 7_200_000 }),
    fc.constantFrom(-86_400_000, 86_400_000, 14 * 86_400_000),
  )
  .map((byMs) => step(`the clock moves by ${byMs} ms`, (model) => void (model.now += byMs)));

/** The waits that are stored stay what they are. */
const settings$ = fc
  .constantFrom(HOUR_MS, 6 * HOUR_MS, 336 * HOUR_MS)
  .map((longestMs) =>
    step(`the longest wait is ${longestMs} ms from here on`, (model) => void (model.longestMs = longestMs)),
  );

const restart$ = fc.constant(step('the scheduler starts anew', (_, real) => void real.reopen()));

const redis$ = fc.constant(
  step('Redis is killed and comes back with its data', async (_, { server, redis }) => {
    await server.kill();
    await server.launch();
    await redis.ping();
  }),
);

/** What may happen to the outbox; what takes long comes seldom. */
export const outboxStep$: readonly Arbitrary<ReturnType<typeof step>>[] = [
  ...[
    record$,
    claim$,
    claim$,
    claim$,
    settle$,
    settle$,
    settle$,
    join$,
    join$,
    leave$,
    move$,
    vanish$,
    clock$,
    clock$,
    settings$,
    look$,
    look$,
    restart$,
  ],
  fc.nat(20).chain((n) => (n === 0 ? redis$ : claim$)),
];
