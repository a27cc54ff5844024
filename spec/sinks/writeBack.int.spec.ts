import { expect } from 'chai';
import { openRedis, redisFailure, type RedisClient } from '#src/clients/redis.js';
import type { PeerState } from '#src/domain/peer/peer.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { PeerBook, type CheckResult } from '#src/state/peerBook.js';
import { entry as registered } from '../support/entries.js';
import { keys, privateRedis, register } from '../support/registry.js';

interface Checked {
  readonly uuid?: string;
  readonly at?: number;
  readonly outcome?: CheckResult['outcome'];
  readonly counted?: boolean;
  readonly state?: PeerState | undefined;
  readonly failures?: number;
}

describe('WriteBack, on a real Redis', () => {
  const shared = privateRedis();
  const failure = { ok: false, reason: 'timeout' } as const;
  const known = (uuid: string) => registered(uuid, { stored: { ip: '127.0.0.1', port: null } });
  const entry = (uuid = 'a') => shared.redis.hgetall(keys.consumer(uuid));
  let book: PeerBook;
  let sink: WriteBack;

  const sinkOn = (redis: RedisClient) => new WriteBack(redis, keys, book, () => 7, redisFailure);

  beforeEach(async () => {
    book = new PeerBook(['loopback']);
    sink = sinkOn(shared.redis);
    await register(shared.redis, 'consumer', 'a', { ip: '127.0.0.1', last_seen: 5 });
  });

  const record = (over: Checked = {}): void => {
    const { uuid = 'a', at = 1_000, counted = true, failures = 0 } = over;
    const state = 'state' in over ? over.state : 'available';
    const outcome = over.outcome ?? { ok: true, latencyMs: 12.6 };
    if (book.lastKnown(uuid) === undefined) book.remember(known(uuid), 1);
    book.record(known(uuid), { at, outcome, counted, health: { ...UNCHECKED, state, failures } });
  };
  /** Each result written before the next one is there, as in a round. */
  const write = async (...results: Checked[]) => {
    const kinds: string[] = [];
    for (const result of results) {
      record(result);
      kinds.push(...(await sink.settle()).map(({ kind }) => kind));
    }
    return kinds;
  };
  const checked = (over: Checked = {}): Checked => over;
  const fault = (error: 'address-denied' | 'address-invalid') => {
    book.remember(known('a'), 1);
    book.setPolicy(['public']);
    expect(book.recordFault('a', 4_000)?.error).to.equal(error);
    return sink.settle();
  };

  it('writes the first success, and nothing that belongs to the API', async () => {
    expect(await write(checked())).to.deep.equal([]);
    expect(await entry()).to.deep.equal({
      ip: '127.0.0.1',
      last_seen: '5',
      available: '1',
      state: 'available',
      state_since: '1000',
      checked_at: '1000',
      last_ok_at: '1000',
      latency_ms: '13',
      failures: '0',
      recent: '.',
    });
  });

  it('writes a failure, and takes its reason away with the next success', async () => {
    await write(checked(), checked({ at: 2_000, outcome: failure, state: 'suspect', failures: 1 }));
    expect(await entry()).to.include({
      available: '1',
      state: 'suspect',
      state_since: '2000',
      failures: '1',
      error: 'timeout',
    });
    await write(checked({ at: 3_000 }));
    expect(await entry()).to.include({ state: 'available', state_since: '3000', last_ok_at: '3000' });
    expect(await entry()).to.not.have.property('error');
  });

  it('leaves state_since alone while the state lasts', async () => {
    await write(checked(), checked({ at: 2_000 }));
    expect(await entry()).to.include({ state_since: '1000', checked_at: '2000' });
  });

  it('marks an unavailable peer as such', async () => {
    await write(checked({ outcome: failure, state: 'unavailable', failures: 3 }));
    expect(await entry()).to.include({ available: '0', state: 'unavailable', failures: '3' });
  });

  it('records a failure that was not counted, and changes nothing else', async () => {
    await write(checked(), checked({ at: 2_000, outcome: failure, counted: false }));
    expect(await entry()).to.include({
      available: '1',
      state: 'available',
      failures: '0',
      checked_at: '2000',
      error: 'timeout',
    });
  });

  it('a peer that failed before any verdict has no state', async () => {
    await write(checked({ outcome: failure, state: undefined, failures: 1 }));
    expect(await entry())
      .to.include({ available: '0', failures: '1' })
      .and.not.have.property('state');
  });

  it('a peer that has no verdict any more has no state either', async () => {
    // The check began while the first verdict, a good one, still waited for Redis.
    await write(checked(), checked({ at: 2_000, outcome: failure, state: undefined, failures: 1 }));
    expect(await entry())
      .to.include({ available: '0', failures: '1' })
      .and.not.have.any.keys('state', 'state_since');
  });

  it('never brings back an entry that was removed', async () => {
    await shared.redis.srem(keys.consumers, 'a');
    await shared.redis.del(keys.consumer('a'));
    await write(checked());
    expect(await shared.redis.exists(keys.consumer('a'))).to.equal(0);
  });

  it('writes nothing to an entry that left the set, or that is in the set without a hash', async () => {
    await shared.redis.srem(keys.consumers, 'a');
    await write(checked());
    expect(await entry()).to.not.have.property('state');
    await shared.redis.sadd(keys.consumers, 'b');
    await write(checked({ uuid: 'b' }));
    expect(await shared.redis.exists(keys.consumer('b'))).to.equal(0);
  });

  it('stores no result for an address that is no longer the entry’s', async () => {
    await shared.redis.hset(keys.consumer('a'), 'ip', '127.0.0.2');
    await write(checked());
    expect(await entry()).to.not.have.property('state');
    await shared.redis.hset(keys.consumer('a'), { ip: '127.0.0.1', port: '81' });
    await write(checked());
    expect(await entry()).to.not.have.property('state');
  });

  it('takes an address that ends or begins as the checked one for another', async () => {
    for (const address of [
      { ip: '1|127.0.0.1' },
      { ip: '|127.0.0.1' },
      { ip: '127.0.0.1|' },
      { ip: '127.0.0.1', port: '|' },
      { ip: '127.0.0.1', port: '80' },
      { ip: '27.0.0.1' },
    ]) {
      record();
      await register(shared.redis, 'consumer', 'a', address);
      await sink.settle();
      expect(await entry()).to.deep.equal({ last_seen: '5', ...address });
      await shared.redis.hdel(keys.consumer('a'), 'port');
    }
  });

  it('does not mind a key of another type', async () => {
    await shared.redis.del(keys.consumer('a'));
    await shared.redis.set(keys.consumer('a'), 'a text');
    expect(await write(checked())).to.deep.equal([]);
    expect(book.unwrittenCount).to.equal(0);
    expect(await shared.redis.get(keys.consumer('a'))).to.equal('a text');
  });

  it('marks an entry that may not be called', async () => {
    await fault('address-denied');
    expect(await entry()).to.deep.equal({ ip: '127.0.0.1', last_seen: '5', available: '0', error: 'address-denied' });
  });

  it('one that was available is unavailable by that', async () => {
    await write(checked());
    await fault('address-denied');
    expect(await entry()).to.include({ available: '0', state: 'unavailable', state_since: '4000' });
  });

  it('writes many in batches, each guarded by itself', async () => {
    const uuids = Array.from({ length: 150 }, (_, i) => `p${String(i)}`);
    for (const uuid of uuids) {
      await register(shared.redis, 'consumer', uuid);
      record({ uuid });
    }
    await shared.redis.hset(keys.consumer('p7'), 'ip', '9.9.9.9');
    await shared.redis.srem(keys.consumers, 'p70');
    await shared.redis.call('CONFIG', 'RESETSTAT');
    await sink.flush();
    const stats = await shared.redis.info('commandstats');
    const calls = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
    expect(calls).to.be.within(10, 11);
    const states = await Promise.all(uuids.map((uuid) => shared.redis.hget(keys.consumer(uuid), 'state')));
    expect(uuids.filter((_, i) => states[i] !== 'available')).to.deep.equal(['p7', 'p70']);
    expect(book.unwrittenCount).to.equal(0);
  });

  it('results that come while a batch is under way share the next one', async () => {
    const uuids = Array.from({ length: 20 }, (_, i) => `p${String(i)}`);
    for (const uuid of uuids) await register(shared.redis, 'consumer', uuid);
    await write(checked());
    await shared.redis.call('CONFIG', 'RESETSTAT');
    await Promise.all(
      uuids.map((uuid) => {
        record({ uuid });
        return sink.settle();
      }),
    );
    expect(book.unwrittenCount).to.equal(0);
    expect(await shared.redis.info('commandstats')).to.match(/cmdstat_evalsha:calls=[12],/);
  });

  describe('while Redis is away', () => {
    it('keeps what was found, lets the round go on, and writes it when Redis is back', async () => {
      const redis = openRedis({ socketPath: '/nonexistent/redis.sock' });
      sink = sinkOn(redis);
      await register(shared.redis, 'consumer', 'b');
      const kinds = await write(
        checked(),
        checked({ uuid: 'b' }),
        checked({ at: 2_000, outcome: failure, state: 'suspect', failures: 1 }),
      );
      expect(kinds, 'told once').to.deep.equal(['redis.failed']);
      expect(book.unwrittenCount).to.equal(2);
      expect((await sink.flush()).map(({ kind }) => kind)).to.deep.equal(['redis.failed']);
      expect(book.unwrittenCount).to.equal(2);
      redis.disconnect();
      sink = sinkOn(shared.redis);
      await sink.flush();
      expect(await entry()).to.include({ state: 'suspect', failures: '1', last_ok_at: '1000', checked_at: '2000' });
    });

    it('catches up in one go', async () => {
      const uuids = Array.from({ length: 300 }, (_, i) => `p${String(i)}`);
      for (const uuid of uuids) await register(shared.redis, 'consumer', uuid);
      await shared.redis.config('SET', 'maxmemory', '1');
      const kinds = await write(...uuids.map((uuid) => ({ uuid })));
      expect(kinds).to.deep.equal(['redis.failed']);
      expect(book.unwrittenCount).to.equal(300);
      await shared.redis.config('SET', 'maxmemory', '0');
      expect(await sink.flush()).to.deep.equal([
        { kind: 'redis.caught-up', at: 7, what: 'writing verdicts', written: 300 },
      ]);
      expect(await entry('p299')).to.include({ state: 'available' });
      expect(book.unwrittenCount).to.equal(0);
    });
  });
});
