import { expect } from 'chai';
import type { Delivery, LeaseTerms } from '#src/domain/announce/outbox.js';
import type { StoredAddress } from '#src/domain/peer/peer.js';
import { RedisOutbox } from '#src/outbox/redisOutbox.js';
import { keys, privateRedis, register } from '../support/registry.js';

const A = '1.1.1.1';
const B = '8.8.8.8';
const HOUR_MS = 3_600_000;

describe('RedisOutbox, on a real Redis', () => {
  const shared = privateRedis();
  const stored = { ip: '127.0.0.1', port: null };
  let now = 0;
  let outbox: RedisOutbox;

  beforeEach(async () => {
    now = 1_000_000;
    outbox = new RedisOutbox(shared.redis, keys, () => now);
    await register(shared.redis, 'producer', 'p', { ip: '127.0.0.1' });
  });

  const producer = (uuid = 'p') => shared.redis.hgetall(keys.producer(uuid));
  const delivery = (ip: string, uuid = 'p', at: StoredAddress = stored): Delivery => {
    return { kind: 'due', uuid, ip, stored: at, attempts: 0, error: null };
  };
  const enqueue = (ip: string, ...agreed: string[]) => outbox.enqueue({ ip, agreed });
  const terms = (leaseMs: number, longestMs = HOUR_MS): LeaseTerms => ({ leaseMs, longestMs });
  const settle = (ip: string, retryInMs?: number, uuid = 'p') =>
    retryInMs === undefined ? outbox.ack(delivery(ip, uuid)) : outbox.nack(delivery(ip, uuid), 'timeout', retryInMs);

  it('stores a change with everyone who is to hear of it, at once', async () => {
    await register(shared.redis, 'producer', 'q');
    expect(await enqueue(A)).to.deep.equal({ changed: true, previous: undefined, producers: 2 });
    expect(await shared.redis.hgetall(keys.scheduler)).to.deep.equal({ ip: A, ip_changed_at: '1000000' });
    expect(await shared.redis.zrange(keys.announcements, 0, '-1')).to.have.members(['p', 'q']);
    expect(await enqueue(B)).to.deep.equal({ changed: true, previous: A, producers: 2 });
  });

  it('stores a change for more producers than a script passes at once', async () => {
    const uuids = Array.from({ length: 10_001 }, (_, i) => `p${i}`);
    await shared.redis.del(keys.producers);
    await shared.redis.sadd(keys.producers, ...uuids);
    expect(await enqueue(A)).to.include({ producers: uuids.length });
    expect(await shared.redis.zrange(keys.announcements, 0, '-1')).to.have.members(uuids);
  });

  it('notes the last 20 changes, and who agreed on each', async () => {
    await enqueue(A, 'dns', 'https');
    now += 5_000;
    await enqueue(B, 'override');
    await enqueue(B, 'override');
    const fieldsOf = async () => (await shared.redis.xrange(keys.ipChanges, '-', '+')).map(([, fields]) => fields);
    expect(await fieldsOf()).to.deep.equal([
      ['at', '1000000', 'ip', A, 'previous', '', 'agreed', 'dns,https'],
      ['at', '1005000', 'ip', B, 'previous', A, 'agreed', 'override'],
    ]);
    for (let i = 1; i <= 25; i += 1) await enqueue(`93.184.216.${i}`, 'dns');
    const kept = await fieldsOf();
    expect(kept).to.have.length(20);
    expect(kept[0]).to.include.members(['93.184.216.6', '93.184.216.5']);
  });

  it('a list of changes that is none keeps no change from being told', async () => {
    await shared.redis.set(keys.ipChanges, 'x');
    expect(await enqueue(A)).to.include({ changed: true, producers: 1 });
    expect(await outbox.lease(A, terms(10))).to.include({ kind: 'due' });
  });

  it('the IP that is stored already is no change', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(10));
    await settle(A);
    expect(await enqueue(A)).to.deep.equal({ changed: false, previous: A, producers: 0 });
    expect(await outbox.lease(A, terms(10))).to.deep.equal({ kind: 'empty' });
  });

  it('gives each producer to one worker, and again when the lease is over', async () => {
    await enqueue(A);
    expect(await outbox.lease(A, terms(5_000))).to.deep.equal({
      kind: 'due',
      uuid: 'p',
      ip: A,
      stored,
      attempts: 0,
      error: null,
    });
    expect(await outbox.lease(A, terms(5_000))).to.deep.equal({ kind: 'wait', forMs: 5_000 });
    now += 5_000;
    expect(await outbox.lease(A, terms(5_000))).to.include({ kind: 'due', uuid: 'p' });
  });

  it('an acknowledgement takes the producer off the list', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(5_000));
    expect(await settle(A)).to.deep.equal({ pending: 0, outdated: undefined });
    expect(await producer()).to.deep.equal({ ip: '127.0.0.1', notified_ip: A, notified_at: '1000000', attempts: '1' });
    expect(await outbox.lease(A, terms(5_000))).to.deep.equal({ kind: 'empty' });
  });

  it('a failure keeps it on the list, keeps what it last acknowledged, and counts', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(5_000));
    await settle(A);
    await enqueue(B);
    expect(await outbox.lease(B, terms(5_000))).to.include({ kind: 'due', attempts: 0, error: null });
    expect(await producer())
      .to.include({ notified_ip: A })
      .and.not.have.any.keys('attempts', 'error');
    expect(await settle(B, 700)).to.deep.equal({ pending: 1, outdated: undefined });
    expect(await producer()).to.include({ attempts: '1', error: 'timeout', notified_ip: A });
    expect(await outbox.lease(B, terms(5_000))).to.deep.equal({ kind: 'wait', forMs: 700 });
    now += 700;
    expect(await outbox.lease(B, terms(5_000))).to.include({ kind: 'due', attempts: 1, error: 'timeout' });
  });

  it('an acknowledgement of an IP that is ours no longer leaves the producer on the list', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(5_000));
    await enqueue(B);
    expect(await settle(A)).to.deep.equal({ pending: 1, outdated: 'ip' });
    expect(await producer()).to.include({ notified_ip: A });
    expect(await outbox.lease(B, terms(5_000))).to.include({ kind: 'due', ip: B });
  });

  it('an acknowledgement of an IP that is ours no longer takes back none of a newer one', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(5_000));
    await enqueue(B);
    await outbox.lease(B, terms(5_000));
    await settle(B);
    const acknowledged = await producer();
    now += 1_000;
    expect(await settle(A)).to.deep.equal({ pending: 0, outdated: 'ip' });
    expect(await producer()).to.deep.equal(acknowledged);
  });

  it('a failure with an IP that is ours no longer puts nothing off', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(5_000));
    await enqueue(B);
    expect(await settle(A, 60_000)).to.deep.equal({ pending: 1, outdated: 'ip' });
    expect(await outbox.lease(B, terms(5_000))).to.include({ kind: 'due', ip: B });
  });

  it('what an address said that is no longer the producer’s counts for nothing', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(5_000));
    await shared.redis.hset(keys.producer('p'), 'ip', '127.0.0.9');
    expect(await settle(A)).to.deep.equal({ pending: 1, outdated: 'address' });
    expect(await producer()).to.not.have.property('notified_ip');
    const there = { kind: 'due', stored: { ip: '127.0.0.9', port: null } };
    expect(await outbox.lease(A, terms(5_000))).to.deep.include(there);
    expect(await settle(A, 60_000)).to.deep.equal({ pending: 1, outdated: 'address' });
    expect(await outbox.lease(A, terms(5_000)), 'and puts nothing off').to.deep.include(there);
  });

  it('a failure after an acknowledgement, of an attempt whose lease ran out, takes nothing back', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(0));
    await outbox.lease(A, terms(0));
    await settle(A);
    const acknowledged = await producer();
    expect(await settle(A, 60_000)).to.deep.equal({ pending: 0, outdated: 'told' });
    expect(await producer()).to.deep.equal(acknowledged);
    expect(await outbox.lease(A, terms(0))).to.deep.equal({ kind: 'empty' });
  });

  it('one that left the registry is dropped, at the claim or at the settlement', async () => {
    await enqueue(A);
    await shared.redis.srem(keys.producers, 'p');
    expect(await outbox.lease(A, terms(5_000))).to.deep.equal({ kind: 'dropped', uuid: 'p' });
    expect(await outbox.lease(A, terms(5_000))).to.deep.equal({ kind: 'empty' });

    await shared.redis.sadd(keys.producers, 'p');
    await enqueue(B);
    await outbox.lease(B, terms(5_000));
    await shared.redis.srem(keys.producers, 'p');
    await shared.redis.del(keys.producer('p'));
    expect(await settle(B)).to.deep.equal({ pending: 0, outdated: 'left' });
    expect(await settle(B, 5)).to.deep.equal({ pending: 0, outdated: 'left' });
    expect(await shared.redis.exists(keys.producer('p'))).to.equal(0);
  });

  describe('a producer in the set without a hash, or whose key is none', () => {
    const none = { ip: null, port: null };
    const fail = (retryInMs: number, at: StoredAddress = none) =>
      outbox.nack(delivery(A, 'ghost', at), 'address-invalid', retryInMs);

    beforeEach(async () => {
      await shared.redis.del(keys.producer('p'), keys.producers);
      await shared.redis.sadd(keys.producers, 'ghost');
      await enqueue(A);
    });

    it('is tried, never made', async () => {
      expect(await outbox.lease(A, terms(5_000))).to.deep.include({ kind: 'due', uuid: 'ghost', stored: none });
      await fail(5);
      expect(await shared.redis.exists(keys.producer('ghost'))).to.equal(0);
    });

    for (const kind of ['no key', 'a list'] as const) {
      it(`counts its attempts and has their reason, also after a restart (${kind})`, async () => {
        if (kind === 'a list') await shared.redis.rpush(keys.producer('ghost'), 'x');
        for (let attempts = 0; attempts < 5; attempts += 1) {
          const error = attempts === 0 ? null : 'address-invalid';
          expect(await outbox.lease(A, terms(5_000))).to.deep.include({ kind: 'due', attempts, error });
          expect(await outbox.lease(A, terms(5_000)), 'a lease is a lease').to.deep.equal({
            kind: 'wait',
            forMs: 5_000,
          });
          outbox = new RedisOutbox(shared.redis, keys, () => now);
          await fail(700);
          expect(await outbox.lease(A, terms(5_000))).to.deep.equal({ kind: 'wait', forMs: 700 });
          now += 700;
        }
      });
    }

    it('counts on through a lease that ran out, and as far as a backoff needs', async () => {
      now = 4_000_000_000_000;
      await enqueue(B);
      const failB = () => outbox.nack(delivery(B, 'ghost', none), 'address-invalid', 0);
      for (let i = 0; i < 1_100; i += 1) await failB();
      expect(await outbox.lease(B, terms(5_000))).to.deep.include({ kind: 'due', attempts: 1_023 });
      now += 5_000;
      expect(await outbox.lease(B, terms(5_000))).to.deep.include({ kind: 'due', attempts: 1_023 });
    });

    it('counts anew once it has a hash, and when that is gone again', async () => {
      await fail(0);
      await fail(0);
      await shared.redis.hset(keys.producer('ghost'), 'ip', stored.ip);
      expect(await outbox.lease(A, terms(0))).to.deep.include({ attempts: 0, error: null, stored });
      await fail(0, stored);
      expect(await outbox.lease(A, terms(0))).to.deep.include({ attempts: 1, error: 'address-invalid' });
      await shared.redis.del(keys.producer('ghost'));
      expect(await outbox.lease(A, terms(0))).to.deep.include({ attempts: 0, error: null, stored: none });
    });
  });

  it('counts anew where somebody else has written what is no count', async () => {
    await enqueue(A);
    await shared.redis.hset(keys.producer('p'), 'attempts', 'many');
    expect(await outbox.lease(A, terms(0))).to.include({ attempts: 0 });
    await settle(A, 0);
    expect(await producer()).to.include({ attempts: '1', error: 'timeout' });
    await shared.redis.hset(keys.producer('p'), 'attempts', '1.5');
    await settle(A);
    expect(await producer()).to.include({ attempts: '1', notified_ip: A });
  });

  it('notices that Redis holds another IP than the one that is known', async () => {
    await enqueue(A);
    expect(await outbox.lease(B, terms(5_000))).to.deep.equal({ kind: 'stale' });
    await shared.redis.flushall();
    expect(await outbox.lease(A, terms(5_000))).to.deep.equal({ kind: 'stale' });
    expect(await outbox.lease(undefined, terms(5_000))).to.deep.equal({ kind: 'empty' });
  });

  it('keeps the longest wait that there can be, however long that is', async () => {
    const longestMs = 336 * HOUR_MS;
    await enqueue(A);
    await outbox.lease(A, terms(longestMs, longestMs));
    expect(await outbox.lease(A, terms(longestMs, longestMs)), 'a lease').to.deep.equal({
      kind: 'wait',
      forMs: longestMs,
    });
    await settle(A, longestMs);
    now -= 30_000;
    expect(await outbox.lease(A, terms(10, longestMs)), 'a clock that was set right').to.deep.equal({
      kind: 'wait',
      forMs: longestMs + 30_000,
    });
  });

  it('a wait that was stored under settings of longer ones ends under the new ones', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(10, 6 * HOUR_MS));
    await settle(A, 6 * HOUR_MS);
    expect(await outbox.lease(A, terms(10, HOUR_MS))).to.include({ kind: 'due' });
  });

  it('a clock that has gone back puts nobody off', async () => {
    await enqueue(A);
    now -= 86_400_000;
    expect(await outbox.lease(A, terms(5_000))).to.include({ kind: 'due' });
  });

  it('nor does it make anybody wait for another', async () => {
    await register(shared.redis, 'producer', 'q', { ip: '127.0.0.1' });
    await enqueue(A);
    now -= 86_400_000;
    const claims = [await outbox.lease(A, terms(5_000)), await outbox.lease(A, terms(5_000))];
    expect(claims.map((claim) => claim.kind === 'due' && claim.uuid)).to.have.members(['p', 'q']);
  });

  it('says which IP is stored, if that is one', async () => {
    expect(await outbox.announced()).to.equal(undefined);
    await enqueue(A);
    expect(await outbox.announced()).to.equal(A);
    await shared.redis.hset(keys.scheduler, 'ip', 'nonsense');
    expect(await outbox.announced()).to.equal(undefined);
  });

  it('never sends what is no address, whoever wrote it', async () => {
    await enqueue(A);
    await shared.redis.hset(keys.scheduler, 'ip', 'nonsense');
    expect(await outbox.lease(undefined, terms(5_000))).to.deep.equal({ kind: 'empty' });
    await shared.redis.hset(keys.scheduler, 'ip', '');
    expect(await outbox.lease(undefined, terms(5_000))).to.deep.equal({ kind: 'empty' });
    expect(await enqueue(A)).to.include({ changed: true });
  });

  it('works on after the server has forgotten its scripts', async () => {
    await enqueue(A);
    await shared.redis.script('FLUSH');
    expect(await outbox.lease(A, terms(5_000))).to.include({ kind: 'due' });
  });

  it('rejects, and changes nothing, where a key is of the wrong type', async () => {
    await shared.redis.del(keys.producers);
    await shared.redis.set(keys.producers, 'a text');
    const failed: unknown = await enqueue(A).catch((error: unknown) => error);
    expect(failed).to.be.an('error');
    expect(await shared.redis.exists(keys.scheduler)).to.equal(0);
  });
});
