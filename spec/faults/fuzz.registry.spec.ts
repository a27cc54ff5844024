import { isIP } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { openRedis, type RedisClient } from '#src/clients/redis.js';
import { isSpecial } from '../domain/ip/ranges.js';
import { classify } from '#src/domain/ip/address.js';
import { eventually } from '../support/eventually.js';
import { entry$, type StoredEntry } from '../support/fuzz/entries.js';
import { corpus, INPUTS, load, replay } from '../support/fuzz/inputs.js';
import { contents, keyOf, plant, roundOver } from '../support/fuzz/registryUnderTest.js';
import { privateRedis } from '../support/registry.js';
import { report } from '../support/scale.js';

const BATCH = 250;
const NOW = 1_700_000_000_000;
const OURS = [
  'available',
  'state',
  'state_since',
  'checked_at',
  'last_ok_at',
  'latency_ms',
  'failures',
  'error',
  'recent',
];

const without = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !OURS.includes(name)));

/** What the policy says of the entry's address: whether it may be called, by another reading than the program's. */
const fault = ({ ip = '', port = '' }: Readonly<Record<string, string | undefined>>): string | undefined => {
  if (isIP(ip) === 0 || ip.includes('%')) return 'address-invalid';
  const { hostname } = new URL(`http://${ip.includes(':') ? `[${ip}]` : ip}/`);
  const address = classify(hostname.replace(/[[\]]/g, ''));
  if (!address.ok || isSpecial(address.ip)) return 'address-denied';
  const isPort =
    port === '' ||
    (/^\d{1,5}$/.test(port) && String(Number(port)) === port && Number(port) > 0 && Number(port) < 65_536);
  return isPort ? undefined : 'address-invalid';
};

describe('fuzz: the registry', () => {
  const shared = privateRedis();
  let client: RedisClient;
  let entries = 0;
  let calls = 0;

  before(async () => {
    client = openRedis({ socketPath: shared.server.socketPath });
    await eventually(() => client.ping().then(() => undefined));
  });
  after(() => {
    client.disconnect();
  });

  const feed = async (batch: readonly StoredEntry[]): Promise<void> => {
    const one = new Map(batch.map((entry) => [JSON.stringify(entry.member), entry]));
    await shared.redis.flushall();
    await plant(shared.redis, [...one.values()]);
    const before = await contents(shared.redis);
    const { called, events, unwritten } = await roundOver(client, NOW);
    const after = await contents(shared.redis);

    expect(unwritten).to.equal(0);
    expect([...after.keys()], 'no key is created, none is lost').to.have.members([...before.keys()]);
    for (const { ip } of called) expect(isSpecial(ip), `${ip} may be called`).to.equal(false);
    const named = new Map(
      events.flatMap((event) => (event.kind === 'peer.malformed' ? [[event.uuid, event.error]] : [])),
    );
    const checked = new Set(events.flatMap((event) => (event.kind === 'peer.checked' ? [event.check.uuid] : [])));
    const kinds = new Set(events.map(({ kind }) => kind));
    // Each third call fails: where that are all of a scope, it seems to be us.
    const expected = ['peer.malformed', 'peer.checked', 'peer.undecided', 'redis.worked', 'isolation.began'];
    expect(expected).to.include.members([...kinds].filter((kind) => kind !== 'isolation.ended'));

    for (const entry of one.values()) {
      const bytes = load(entry.member);
      // As the program knows it: one character a byte.
      const uuid = bytes.toString('latin1');
      const key = keyOf(bytes).toString('latin1');
      const [was, is] = [before.get(key), after.get(key)];
      const why = `with ${JSON.stringify([entry])}`;
      const wrong = entry.type === 'hash' ? fault(was ?? {}) : 'address-invalid';
      expect(checked.has(uuid), `${why}: is called`).to.equal(wrong === undefined);
      if (wrong !== undefined && was?.error !== wrong) expect(named.get(uuid), `${why}: is named`).to.equal(wrong);
      if (entry.type !== 'hash' || was === undefined || is === undefined) {
        expect(is, why).to.deep.equal(was);
        continue;
      }
      expect(without(is), `${why}: what is the API's`).to.deep.equal(without(was));
      if (wrong === undefined) expect(is.checked_at, why).to.equal(String(NOW));
      else if (was.error !== wrong) expect(is, why).to.include({ available: '0', error: wrong });
    }
    entries += one.size;
    calls += called.length;
  };

  it('takes what once was too much, or is made to be', async () => {
    for (const entry of corpus('registry')) await feed([entry as StoredEntry]);
  });

  it('calls who may be called, names everybody else, and leaves alone what is not its own, whatever stands there', async () => {
    await fc.assert(fc.asyncProperty(fc.array(entry$, { minLength: BATCH, maxLength: BATCH }), feed), {
      numRuns: INPUTS / BATCH,
      endOnFailure: true,
      ...replay,
    });
    expect(calls).to.be.within(1, entries - 1);
    report(`${entries} entries, ${calls} calls`);
  }).timeout(60_000 + INPUTS * 10);
});
