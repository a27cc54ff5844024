import { expect } from 'chai';
import fc from 'fast-check';
import {
  peerDetailSchema,
  peersSchema,
  SORTS,
  statusSchema,
  type ConsumerRow,
  type PeersAnswer,
  type ProducerRow,
} from '#src/status/schema.js';
import { RegistrySource } from '#src/sources/registry.js';
import { keys, privateRedis, register } from '../support/registry.js';
import { StatusHouse } from '../support/status/house.js';

const MINUTE = 60_000;

describe('the peers as the status server tells them', () => {
  const shared = privateRedis();
  let house: StatusHouse;

  const ask = async (query = ''): Promise<PeersAnswer> => {
    const { status, json, body } = await house.get(`/api/peers?${query}`);
    expect(status, body).to.equal(200);
    return peersSchema.strict().parse(json);
  };
  const consumers = async (query = ''): Promise<readonly ConsumerRow[]> => (await ask(query)).peers as ConsumerRow[];
  const producers = async (query = ''): Promise<readonly ProducerRow[]> =>
    (await ask(`kind=producer&${query}`)).peers as ProducerRow[];
  /** The producers by state, as the status and the metrics alike say. */
  const counted = async (): Promise<Record<string, number>> => {
    const { producer_states: counts } = statusSchema.parse((await house.get('/api/status')).json).announcements;
    const { body } = await house.get('/metrics');
    for (const [state, n] of Object.entries(counts ?? {})) {
      expect(body).to.match(new RegExp(`peers\\{kind="producer",state="${state}"\\} ${n}$`, 'm'));
    }
    return { ...counts };
  };
  const uuids = async (query: string): Promise<readonly string[]> => (await ask(query)).peers.map(({ uuid }) => uuid);
  /** Every page, one after the other. */
  const all = async (query: string): Promise<readonly string[]> => {
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const answer: PeersAnswer = await ask(cursor === '' ? query : `${query}&cursor=${cursor}`);
      found.push(...answer.peers.map(({ uuid }) => uuid));
      cursor = answer.next;
    }
    return found;
  };
  const many = async (count: number): Promise<string[]> => {
    const names = Array.from({ length: count }, (_, i) => `c${String(i).padStart(5, '0')}`);
    const pipeline = shared.redis.pipeline();
    names.forEach((uuid, i) => {
      const fields = { ip: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, latency_ms: i % 97 };
      const state = ['available', 'suspect', 'unavailable'][i % 3] ?? '';
      pipeline.hset(keys.consumer(uuid), { ...fields, state, state_since: Date.now() - i, last_ok_at: Date.now() });
    });
    pipeline.sadd(keys.consumers, ...names);
    await pipeline.exec();
    return names;
  };

  beforeEach(async () => {
    house = await StatusHouse.start(shared.redis);
    house.config = { ...house.config, network: { allow: ['loopback', 'public', 'private'] } };
    house.book.setPolicy(house.config.network.allow);
  });

  afterEach(() => {
    shared.server.thaw();
    house.close();
  });

  it('come in pages, each once, in either order', async () => {
    const names = await many(10_000);
    await house.round();
    for (const sort of ['problems', 'latency']) {
      const found = await all(`sort=${sort}&limit=1000`);
      expect([...found].sort(), sort).to.deep.equal(names);
      expect(await all(`sort=-${sort}&limit=1000`), sort).to.deep.equal([...found].reverse());
    }
    expect(await all('sort=uuid&limit=777')).to.deep.equal(names);
    expect((await ask('limit=1')).total).to.equal(10_000);
  }).timeout(90_000);

  it('are sorted by whatever the API names, in either order', async () => {
    const names = await many(40);
    await house.round();
    for (const sort of SORTS) {
      for (const kind of ['consumer', 'producer']) {
        const found = await all(`kind=${kind}&sort=${sort}&limit=7`);
        expect([...found].sort(), sort).to.deep.equal(kind === 'consumer' ? names : []);
        expect(await all(`kind=${kind}&sort=-${sort}&limit=7`), sort).to.deep.equal([...found].reverse());
      }
    }
    expect(await all('sort=-uuid')).to.deep.equal([...names].reverse());
  });

  it('are all there in a large registry, on a standby and on a replica that has a part of it', async () => {
    const names = await many(2_500);
    house.stand.leadership.lose();
    expect(await all('sort=uuid&limit=1000'), 'standby').to.deep.equal(names);
    const before = Date.now();
    const { total, as_of: asOf } = await ask('limit=1');
    expect(total).to.equal(2_500);
    expect(asOf).to.be.at.most(before);
    house.close();
    house = new StatusHouse(shared.redis);
    const shares = { size: 2, count: 64, doubtful: false };
    Object.assign(house.stand, { sharing: { shares, vantagePoint: { elsewhere: false }, works: true } });
    for (const entry of await new RegistrySource(shared.redis, keys).read(names.slice(0, 100))) {
      house.book.remember(entry, 1);
    }
    house.open();
    await house.listening();
    expect(await all('sort=uuid&limit=1000'), 'replica').to.deep.equal(names);
  });

  it('are found by their UUID wherever they are registered, and nowhere else', async () => {
    const names = await many(2_001);
    for (const stand of ['leader', 'standby']) {
      if (stand === 'standby') house.stand.leadership.lose();
      for (const uuid of [names[0], names[2_000]]) {
        const { status, json } = await house.get(`/api/peers/consumer/${String(uuid)}`);
        expect(status, stand).to.equal(200);
        expect(peerDetailSchema.strict().parse(json).peer.uuid).to.equal(uuid);
      }
      for (const uuid of ['nobody', '%C5%83', house.config.uuid]) {
        expect((await house.get(`/api/peers/consumer/${uuid}`)).status, uuid).to.equal(404);
      }
    }
    await house.round();
    await shared.redis.srem(keys.consumers, names[0] ?? '');
    expect((await house.get(`/api/peers/consumer/${String(names[0])}`)).status, 'removed').to.equal(404);
  });

  it('are chosen by kind, state and a part of their names', async () => {
    await many(30);
    await register(shared.redis, 'producer', 'p1', { ip: '192.0.2.1' });
    await house.round();
    expect((await uuids('state=suspect&sort=uuid')).slice(0, 2)).to.deep.equal(['c00001', 'c00004']);
    expect((await uuids('state=suspect,unavailable')).length).to.equal(20);
    expect(await uuids('state=nothing')).to.deep.equal([]);
    expect(await uuids('q=C00007')).to.deep.equal(['c00007']);
    expect(await uuids('q=10.0.0.2&sort=ip')).to.include.members(['c00002', 'c00020', 'c00029']);
    expect(await uuids('q=10.0.0.3&state=available')).to.deep.equal(['c00003']);
    expect(await uuids('kind=producer&q=192')).to.deep.equal(['p1']);
    expect((await uuids('sort=problems')).slice(0, 2)).to.deep.equal(['c00001', 'c00004']);
  });

  it('tell what the registry says, with the history of consumers', async () => {
    const at = Date.now() - MINUTE;
    const facts = { state: 'suspect', state_since: at, checked_at: at + 1, last_ok_at: at - 1, latency_ms: 12 };
    const more = { last_seen: at - 5, failures: 2, error: 'timeout', recent: '..x-x' };
    await register(shared.redis, 'consumer', 'c1', { ip: '127.0.0.1', port: '81', ...facts, ...more });
    await house.round();
    const [row] = await consumers();
    expect(row).to.deep.equal({
      ...{ kind: 'consumer', uuid: 'c1', ip: '127.0.0.1', port: '81', ...facts, ...more },
      ...{ knows_ip: null, uptime_24h: null, uptime_7d: null, days: [] },
    });
    const { json } = await house.get('/api/peers/consumer/c1');
    const detail = peerDetailSchema.strict().parse(json);
    expect(detail.url).to.equal('http://127.0.0.1:81/sync');
    expect(detail.history).to.deep.equal({ hours: [], days: [], uptime_24h: null, uptime_7d: null });
  });

  it('list what no round has met yet, and no longer what has left', async () => {
    await register(shared.redis, 'consumer', 'c1');
    await register(shared.redis, 'consumer', 'c2');
    await house.round();
    await register(shared.redis, 'consumer', 'c3');
    await shared.redis.srem(keys.consumers, 'c1');
    expect(await uuids('sort=uuid')).to.deep.equal(['c2', 'c3']);
    expect((await house.get('/api/peers/consumer/c3')).status).to.equal(200);
    expect((await house.get('/api/peers/consumer/c1')).status).to.equal(404);
  });

  it('stay as they were chosen where a round drops them while Redis is asked', async () => {
    await many(3);
    house.close();
    house = await StatusHouse.start(shared.redis, {
      onRead: (what) => {
        if (what === 'details') house.book.forgetWhere(() => true);
      },
    });
    house.config = { ...house.config, network: { allow: ['public'] } };
    house.book.setPolicy(house.config.network.allow);
    await house.round();
    const found = await consumers('sort=uuid');
    expect(house.book.size).to.equal(0);
    expect(found.map(({ uuid }) => uuid)).to.deep.equal(['c00000', 'c00001', 'c00002']);
    for (const { state, error, state_since: since } of found) {
      expect([state, error]).to.deep.equal(['denied', 'address-denied']);
      expect(since).to.be.a('number');
    }
  });

  it('are not listed where a round drops them while others are looked up', async () => {
    await many(3);
    house.close();
    house = await StatusHouse.start(shared.redis, {
      onRead: (what) => {
        if (what === 'entries') house.book.forget('c00001');
      },
    });
    house.config = { ...house.config, network: { allow: ['private'] } };
    house.book.setPolicy(house.config.network.allow);
    await house.round();
    expect(await uuids('sort=uuid')).to.deep.equal(['c00000', 'c00002']);
  });

  it('include malformed entries, each with its error', async () => {
    await register(shared.redis, 'consumer', 'host', { ip: 'evil.example' });
    await register(shared.redis, 'consumer', 'port', { ip: '127.0.0.1', port: '0' });
    await register(shared.redis, 'consumer', 'local', { ip: '169.254.0.1' });
    await shared.redis.sadd(keys.consumers, 'none', 'text');
    await shared.redis.set(keys.consumer('text'), 'x');
    await register(shared.redis, 'producer', 'phost', { ip: 'evil.example' });
    await shared.redis.sadd(keys.producers, 'pnone', 'ptext');
    await shared.redis.set(keys.producer('ptext'), 'x');
    const invalid = { state: 'invalid', error: 'address-invalid' };
    const expected = {
      ...{ host: invalid, port: invalid, none: invalid, text: invalid },
      local: { state: 'denied', error: 'address-denied' },
    };
    const told = (rows: readonly (ConsumerRow | ProducerRow)[]): object =>
      Object.fromEntries(rows.map(({ uuid, state, error }) => [uuid, { state, error }]));
    expect(told(await consumers()), 'unmet').to.deep.equal(expected);
    await house.round();
    expect(told(await consumers()), 'met').to.deep.equal(expected);
    expect(told(await producers())).to.deep.equal({ phost: invalid, pnone: invalid, ptext: invalid });
    for (const uuid of Object.keys(expected)) {
      const { status, json } = await house.get(`/api/peers/consumer/${uuid}`);
      expect(status, uuid).to.equal(200);
      expect(peerDetailSchema.parse(json).url, uuid).to.equal(null);
    }
  });

  it('tell of each producer whether it knows our address', async () => {
    await shared.redis.hset(keys.scheduler, { ip: '203.0.113.7', ip_changed_at: 5 });
    await register(shared.redis, 'producer', 'knows', { ip: '192.0.2.1', notified_ip: '203.0.113.7', notified_at: 9 });
    await register(shared.redis, 'producer', 'owing', { ip: '192.0.2.2', attempts: 3, error: 'timeout' });
    await register(shared.redis, 'producer', 'untold', { ip: '192.0.2.3' });
    await shared.redis.zadd(keys.announcements, 77, 'owing');
    house.config = { ...house.config, network: { allow: ['public'] } };
    house.observations.accept({ kind: 'redis.up', at: 1 });
    const rows = Object.fromEntries((await producers()).map((row) => [row.uuid, row]));
    // 192.0.2.0/24 is for documentation, and never called.
    expect(Object.values(rows).map(({ state }) => state)).to.deep.equal(['denied', 'denied', 'denied']);
    const none = { knows: 0, owing: 0, untold: 0, denied: 0, invalid: 0 };
    expect(await counted(), 'counted').to.deep.equal({ ...none, denied: 3 });
    for (const uuid of ['knows', 'owing', 'untold']) await shared.redis.hset(keys.producer(uuid), { ip: '1.1.1.1' });
    house.close();
    house = await StatusHouse.start(shared.redis);
    const told = Object.fromEntries((await producers()).map((row) => [row.uuid, row]));
    expect(told.knows).to.include({ state: 'knows', notified_at: 9, next_at: null, error: null });
    expect(told.owing).to.include({ state: 'owing', attempts: 3, error: 'timeout', next_at: 77 });
    expect(told.untold).to.include({ state: 'untold', notified_ip: null });
    expect(await uuids('kind=producer&state=owing,untold')).to.deep.equal(['owing', 'untold']);
    expect(await counted(), 'counted').to.deep.equal({ ...none, knows: 1, owing: 1, untold: 1 });
  });

  it('come from memory while Redis is away, without a history, and say how old that is', async () => {
    await many(20);
    await register(shared.redis, 'producer', 'p1', { ip: '192.0.2.1' });
    await house.round();
    house.observations.accept({ kind: 'redis.up', at: Date.now() - 60 * MINUTE });
    const before = await uuids('sort=uuid');
    expect((await ask()).as_of).to.be.within(Date.now() - 5_000, Date.now());
    await ask('kind=producer');
    shared.server.freeze();
    // Before anybody has noticed.
    const early = await ask();
    expect(early.as_of).to.be.within(Date.now() - 15_000, Date.now());
    const at = Date.now() - MINUTE;
    house.observations.accept({ kind: 'redis.down', at, reason: 'it does not answer' });
    const answer = await ask('sort=uuid');
    expect(answer.as_of).to.equal(at);
    expect(answer.peers.map(({ uuid }) => uuid)).to.deep.equal(before);
    for (const row of answer.peers) expect(row).to.include({ days: null, uptime_24h: null, uptime_7d: null });
    const detail = peerDetailSchema.parse((await house.get('/api/peers/consumer/c00003')).json);
    expect(detail).to.include({ as_of: at, history: null });
    expect(await uuids('kind=producer')).to.deep.equal(['p1']);
    expect((await house.get('/api/status')).json).to.have.property('case', 'redis-down');
  });

  it('bring as JSON whatever bytes stand in the registry', async () => {
    const hostile = [
      '"',
      "'",
      '</script>',
      '<!--',
      '\u0000',
      '\u001b[31m',
      '\n',
      '\u2028',
      '%',
      '%41',
      '?',
      '#',
      '/',
      ' ',
    ];
    const bytes = fc.oneof(
      fc.constantFrom(...hostile).map((text) => Buffer.from(text)),
      fc.uint8Array({ minLength: 1, maxLength: 80 }).map((array) => Buffer.from(array)),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }).map((text) => Buffer.from(text)),
    );
    const entry = fc.record({ uuid: bytes, ip: bytes, port: fc.option(bytes), more: bytes });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 12 }), async (entries) => {
        await shared.redis.flushall();
        house.close();
        house = await StatusHouse.start(shared.redis);
        for (const { uuid, ip, port, more } of entries) {
          for (const [set, prefix] of [
            [keys.consumers, keys.consumer('')],
            [keys.producers, keys.producer('')],
          ] as const) {
            await shared.redis.sadd(set, uuid);
            const key = Buffer.concat([Buffer.from(prefix), uuid]);
            const names = [
              'state',
              'error',
              'recent',
              'last_seen',
              'latency_ms',
              'failures',
              'notified_ip',
              'attempts',
            ];
            await shared.redis.hset(key, 'ip', ip, ...names.flatMap((name) => [name, more]));
            if (port !== null) await shared.redis.hset(key, 'port', port);
          }
        }
        const expected = [...new Set(entries.map(({ uuid }) => uuid.toString('latin1')))].sort();
        for (const kind of ['consumer', 'producer']) {
          expect([...(await all(`kind=${kind}&limit=5`))].sort(), kind).to.deep.equal(expected);
          for (const uuid of expected) {
            // Clients take these for steps in a path.
            if (uuid === '.' || uuid === '..') continue;
            const path = `/api/peers/${kind}/${encodeURIComponent(uuid)}`;
            if (path.length > 2_048) continue;
            const { status, json } = await house.get(path);
            expect(status, path).to.equal(200);
            expect(peerDetailSchema.strict().parse(json).peer.uuid).to.equal(uuid);
          }
        }
        const { status, body } = await house.get('/', { accept: 'text/html' });
        expect(status).to.equal(200);
        expect(body.match(/<script/g)?.length).to.equal(2);
        expect((await house.get('/api/status')).status).to.equal(200);
        expect((await house.get('/metrics')).status).to.equal(200);
      }),
      { numRuns: 40 },
    );
  }).timeout(120_000);
});
