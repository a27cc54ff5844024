import { expect } from 'chai';
import fc, { type Arbitrary } from 'fast-check';
import type { Reply } from '#src/domain/call/http.js';
import type { StoredAddress } from '#src/domain/peer/peer.js';
import type { CheckRecord } from '#src/events.js';
import { eventually } from '../eventually.js';
import { keys } from '../registry.js';
import type { RealRegistry, RegistryModel } from './registry.js';
import { stepping } from './step.js';
import { expectSame } from './registry.js';

const UUIDS = ['a', 'b', 'c'];
const ADDRESSES = [{ ip: '1.1.1.1' }, { ip: '1.1.1.1', port: '81' }, { ip: '8.8.8.8' }];
const REPLIES: readonly Reply[] = [
  { ok: true, status: 200, body: '' },
  { ok: true, status: 200, body: '' },
  { ok: false, reason: 'refused' },
  { ok: false, reason: 'timeout' },
  { ok: false, reason: 'http-500' },
];

export const registrySteps = { taken: 0 };
const step = stepping<RegistryModel, RealRegistry>(registrySteps, expectSame);

const isUp = ({ redis }: RegistryModel): boolean => redis !== 'down';
const uuid$ = fc.constantFrom(...UUIDS);

const add$ = fc.tuple(uuid$, fc.constantFrom(...ADDRESSES)).map(([uuid, address]) =>
  step(
    `the API adds ${uuid} at ${JSON.stringify(address)}`,
    async (model, real) => {
      await real.change(real.api.multi().hset(keys.consumer(uuid), address).sadd(keys.consumers, uuid));
      model.registered.set(uuid, { address, written: {} });
    },
    (model) => isUp(model) && !model.registered.has(uuid),
  ),
);

const remove$ = uuid$.map((uuid) =>
  step(
    `the API removes ${uuid}`,
    async (model, real) => {
      await real.change(real.api.multi().srem(keys.consumers, uuid).del(keys.consumer(uuid)));
      model.registered.delete(uuid);
    },
    (model) => isUp(model) && model.registered.has(uuid),
  ),
);

const move$ = fc.tuple(uuid$, fc.constantFrom(...ADDRESSES)).map(([uuid, address]) =>
  step(
    `the API moves ${uuid} to ${JSON.stringify(address)}`,
    async (model, real) => {
      await real.change(real.api.multi().hdel(keys.consumer(uuid), 'port').hset(keys.consumer(uuid), address));
      const entry = model.registered.get(uuid);
      if (entry !== undefined) entry.address = address;
    },
    (model) => isUp(model) && model.registered.has(uuid),
  ),
);

const sweep$ = fc.constant(
  step(
    'the registry is read',
    async (model, real) => {
      await real.sweep();
      for (const uuid of new Set([...model.known.keys(), ...model.registered.keys()])) model.read(uuid);
    },
    isUp,
  ),
);

const begin$ = uuid$.map((uuid) =>
  step(
    `a check of ${uuid} begins`,
    async (model, real) => {
      await begin(model, real, uuid);
      model.checking.add(uuid);
    },
    (model) => model.known.has(uuid) && !model.checking.has(uuid) && (!isUp(model) || model.registered.has(uuid)),
  ),
);

async function begin(model: RegistryModel, real: RealRegistry, uuid: string): Promise<void> {
  await real.begin(uuid);
  if (model.redis !== 'down') model.read(uuid);
}

/** A result is taken where it was made at the address that the peer has as far as is known, and told only there. */
function take(model: RegistryModel, uuid: string, check: CheckRecord | undefined, called: StoredAddress): void {
  expect(check !== undefined, `a result of ${uuid} is told`).to.equal(model.isKnownAt(uuid, called));
  if (check === undefined) return;
  expect(check.at).to.equal(model.now);
  expectCounted(model, check, called);
  model.record(check);
}

function expectCounted(model: RegistryModel, check: CheckRecord, called: StoredAddress): void {
  const { uuid, outcome, counted } = check;
  const address = model.registered.get(uuid)?.address;
  // What ends while the peer is out of the registry counts if the peer comes back at that address before the next reading.
  const isThere =
    address === undefined
      ? model.isKnownAt(uuid, called)
      : address.ip === called.ip && (address.port ?? null) === called.port;
  if (!isThere) return;
  const failures = outcome.ok ? 0 : (model.failures.get(uuid) ?? 0) + (counted ? 1 : 0);
  model.failures.set(uuid, failures);
  if (counted) expect(check.failures, 'only what this address did counts').to.be.at.most(failures);
}

const end$ = fc.tuple(uuid$, fc.constantFrom(...REPLIES)).map(([uuid, reply]) =>
  step(
    `the check of ${uuid} ends: ${reply.ok ? 'ok' : reply.reason}`,
    async (model, real) => {
      model.now += 1_000;
      model.checking.delete(uuid);
      take(model, uuid, ...(await real.end(uuid, reply)));
      if (model.failing || model.waiting.size === 0) return;
      if (model.refuses()) model.failing = true;
      else model.write();
    },
    ({ checking }) => checking.has(uuid),
  ),
);

const flush$ = fc.constant(
  step('what waits is written', async (model, real) => {
    const told = await real.flush();
    const failed = model.refuses();
    expect(told).to.deep.equal(model.waiting.size === 0 ? [] : [failed ? 'redis.failed' : 'redis.caught-up']);
    if (model.waiting.size > 0 && !failed) model.write();
  }),
);

/** Those with a verdict that waits, of whom a newer one may come while it is being written. */
const overtakable = (model: RegistryModel): readonly string[] =>
  [...model.waiting.keys()].filter(
    (uuid) => model.checking.has(uuid) || (model.known.has(uuid) && model.registered.has(uuid)),
  );

const overtake$ = fc.tuple(fc.nat(5), fc.constantFrom(...REPLIES)).map(([pick, reply]) =>
  step(
    `what waits is written while a newer check ends: ${reply.ok ? 'ok' : reply.reason}`,
    async (model, real) => {
      const uuids = overtakable(model);
      const uuid = uuids[pick % uuids.length] ?? expect.fail('nobody');
      if (!model.checking.delete(uuid)) await begin(model, real, uuid);
      model.now += 1_000;
      const waited = model.waiting.size > 0;
      const [told, [check, called]] = await Promise.all([real.flush(), real.end(uuid, reply)]);
      if (waited) expect(told).to.deep.equal(['redis.caught-up']);
      take(model, uuid, check, called);
      model.write();
    },
    (model) => model.redis === 'writable' && overtakable(model).length > 0,
  ),
);

const room$ = fc.constantFrom('full', 'writable').map((now) =>
  step(
    `Redis is ${now}`,
    async (model, real) => {
      model.redis = now;
      await real.fill();
    },
    isUp,
  ),
);

const kill$ = fc.constant(
  step(
    'Redis is killed',
    async (model, { server, client }) => {
      await server.kill();
      await eventually(() => {
        expect(client.status).to.not.equal('ready');
      });
      model.redis = 'down';
    },
    isUp,
  ),
);

const launch$ = fc.constant(
  step(
    'Redis comes back with its data',
    async (model, { server, api, client }) => {
      await server.launch();
      await api.ping();
      await eventually(() => client.ping().then(() => undefined));
      model.redis = 'writable';
    },
    ({ redis }) => redis === 'down',
  ),
);

/** What may happen to the registry; what takes long comes seldom. */
export const registryStep$: readonly Arbitrary<ReturnType<typeof step>>[] = [
  ...[
    add$,
    add$,
    remove$,
    move$,
    sweep$,
    sweep$,
    begin$,
    begin$,
    begin$,
    end$,
    end$,
    end$,
    end$,
    overtake$,
    overtake$,
    flush$,
    room$,
    launch$,
  ],
  fc.nat(10).chain((n) => (n === 0 ? kill$ : end$)),
];
