import { expect } from 'chai';
import { from, lastValueFrom, of, toArray } from 'rxjs';
import type { SchedulerEvent, CheckRecord } from '#src/events.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { openRedis, redisFailure } from '#src/clients/redis.js';
import { keys, privateRedis, register } from '../support/registry.js';

describe('WriteBack, on a real Redis', () => {
  const shared = privateRedis();
  const called = { ip: '127.0.0.1', port: null };
  const checked = (over: Partial<CheckRecord> = {}): SchedulerEvent => ({
    kind: 'peer.checked',
    lane: 'regular',
    verdict: {
      uuid: 'a',
      called,
      at: 1_000,
      outcome: { ok: true, latencyMs: 12.6 },
      counted: true,
      before: undefined,
      state: 'available',
      failures: 0,
      ...over,
    },
  });
  const failure = { ok: false, reason: 'timeout' } as const;
  const entry = (uuid = 'a') => shared.redis.hgetall(keys.consumer(uuid));
  const all = (event$: ReturnType<WriteBack['flush']>) => lastValueFrom(event$.pipe(toArray()), { defaultValue: [] });
  let sink: WriteBack;

  beforeEach(async () => {
    sink = new WriteBack(shared.redis, keys, () => 7, redisFailure);
    await register(shared.redis, 'consumer', 'a', { ip: '127.0.0.1', last_seen: 5 });
  });

  const write = (...events: SchedulerEvent[]) => all(from(events).pipe(sink.write));

  it('writes the first success, and nothing that belongs to the API', async () => {
    expect(await write(checked())).to.have.length(1);
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
    });
  });

  it('writes a failure, and takes its reason away with the next success', async () => {
    await write(
      checked(),
      checked({ at: 2_000, outcome: failure, before: 'available', state: 'suspect', failures: 1 }),
    );
    expect(await entry()).to.include({
      available: '1',
      state: 'suspect',
      state_since: '2000',
      failures: '1',
      error: 'timeout',
    });
    await write(checked({ at: 3_000, before: 'suspect' }));
    expect(await entry()).to.include({ state: 'available', state_since: '3000', last_ok_at: '3000' });
    expect(await entry()).to.not.have.property('error');
  });

  it('leaves state_since alone while the state lasts', async () => {
    await write(checked(), checked({ at: 2_000, before: 'available' }));
    expect(await entry()).to.include({ state_since: '1000', checked_at: '2000' });
  });

  it('marks an unavailable peer as such', async () => {
    await write(checked({ outcome: failure, before: 'suspect', state: 'unavailable', failures: 3 }));
    expect(await entry()).to.include({ available: '0', state: 'unavailable', failures: '3' });
  });

  it('records a failure that was not counted, and changes nothing else', async () => {
    await write(checked(), checked({ at: 2_000, outcome: failure, counted: false, before: 'available' }));
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

  it('does not mind a key of another type', async () => {
    await shared.redis.del(keys.consumer('a'));
    await shared.redis.set(keys.consumer('a'), 'a text');
    expect((await write(checked())).map(({ kind }) => kind)).to.deep.equal(['peer.checked']);
    expect(await shared.redis.get(keys.consumer('a'))).to.equal('a text');
  });

  const malformed = (over: Partial<Extract<SchedulerEvent, { kind: 'peer.malformed' }>> = {}): SchedulerEvent => ({
    kind: 'peer.malformed',
    at: 4_000,
    peer: 'consumer',
    uuid: 'a',
    error: 'address-denied',
    detail: '',
    stored: called,
    before: undefined,
    ...over,
  });

  it('marks an entry that may not be called', async () => {
    await write(malformed());
    expect(await entry()).to.deep.equal({ ip: '127.0.0.1', last_seen: '5', available: '0', error: 'address-denied' });
  });

  it('one that was available is unavailable by that', async () => {
    await write(checked(), malformed({ before: 'available' }));
    expect(await entry()).to.include({ available: '0', state: 'unavailable', state_since: '4000' });
  });

  it('hands on what is not its business', async () => {
    const events: SchedulerEvent[] = [{ kind: 'heartbeat', at: 1 }, malformed({ peer: 'producer' })];
    expect(await write(...events)).to.deep.equal(events);
    expect(await entry()).to.not.have.property('error');
  });

  describe('while Redis is away', () => {
    it('keeps the newest verdict per peer, lets the round go on, and writes them when it is back', async () => {
      const redis = openRedis({ socketPath: '/nonexistent/redis.sock' });
      const cut = new WriteBack(redis, keys, () => 7, redisFailure);
      await register(shared.redis, 'consumer', 'b');
      const events = await all(
        of(
          checked(),
          checked({ uuid: 'b' }),
          checked({ at: 2_000, outcome: failure, before: 'available', state: 'suspect', failures: 1 }),
        ).pipe(cut.write),
      );
      expect(events.map(({ kind }) => kind)).to.deep.equal([
        'peer.checked',
        'redis.failed',
        'peer.checked',
        'peer.checked',
      ]);
      expect(cut.unwritten).to.equal(2);
      expect((await all(cut.flush())).map(({ kind }) => kind)).to.deep.equal(['redis.failed']);
      expect(cut.unwritten).to.equal(2);
      redis.disconnect();
    });

    it('catches up in one go', async () => {
      const redis = shared.server.client();
      const live = new WriteBack(redis, keys, () => 7, redisFailure);
      await redis.ping();
      const uuids = Array.from({ length: 300 }, (_, i) => `p${String(i)}`);
      for (const uuid of uuids) await register(shared.redis, 'consumer', uuid);
      await shared.redis.config('SET', 'maxmemory', '1');
      const failed = await all(from(uuids.map((uuid) => checked({ uuid }))).pipe(live.write));
      expect(failed.filter(({ kind }) => kind === 'redis.failed')).to.have.length(1);
      expect(live.unwritten).to.equal(300);
      await shared.redis.config('SET', 'maxmemory', '0');
      expect(await all(live.flush())).to.deep.equal([
        { kind: 'redis.caught-up', at: 7, what: 'writing verdicts', written: 300 },
      ]);
      expect(await entry('p299')).to.include({ state: 'available' });
      expect(live.unwritten).to.equal(0);
    });
  });
});
