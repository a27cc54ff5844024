import { expect } from 'chai';
import type { Delivery, LeaseTerms, ReannounceRules } from '#src/domain/announce/outbox.js';
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
    retryInMs === undefined
      ? outbox.ack(delivery(ip, uuid), false)
      : outbox.nack(delivery(ip, uuid), 'timeout', retryInMs);

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
    expect(await settle(A)).to.deep.equal({ pending: 0, outdated: undefined, again: false });
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
    expect(await settle(B, 700)).to.deep.equal({ pending: 1, outdated: undefined, again: false });
    expect(await producer()).to.include({ attempts: '1', error: 'timeout', notified_ip: A });
    expect(await outbox.lease(B, terms(5_000))).to.deep.equal({ kind: 'wait', forMs: 700 });
    now += 700;
    expect(await outbox.lease(B, terms(5_000))).to.include({ kind: 'due', attempts: 1, error: 'timeout' });
  });

  it('an acknowledgement of an IP that is ours no longer leaves the producer on the list', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(5_000));
    await enqueue(B);
    expect(await settle(A)).to.deep.equal({ pending: 1, outdated: 'ip', again: false });
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
    expect(await settle(A)).to.deep.equal({ pending: 0, outdated: 'ip', again: false });
    expect(await producer()).to.deep.equal(acknowledged);
  });

  it('a failure with an IP that is ours no longer puts nothing off', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(5_000));
    await enqueue(B);
    expect(await settle(A, 60_000)).to.deep.equal({ pending: 1, outdated: 'ip', again: false });
    expect(await outbox.lease(B, terms(5_000))).to.include({ kind: 'due', ip: B });
  });

  it('what an address said that is no longer the producer’s counts for nothing', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(5_000));
    await shared.redis.hset(keys.producer('p'), 'ip', '127.0.0.9');
    expect(await settle(A)).to.deep.equal({ pending: 1, outdated: 'address', again: false });
    expect(await producer()).to.not.have.property('notified_ip');
    const there = { kind: 'due', stored: { ip: '127.0.0.9', port: null } };
    expect(await outbox.lease(A, terms(5_000))).to.deep.include(there);
    expect(await settle(A, 60_000)).to.deep.equal({ pending: 1, outdated: 'address', again: false });
    expect(await outbox.lease(A, terms(5_000)), 'and puts nothing off').to.deep.include(there);
  });

  it('a failure after an acknowledgement, of an attempt whose lease ran out, takes nothing back', async () => {
    await enqueue(A);
    await outbox.lease(A, terms(0));
    await outbox.lease(A, terms(0));
    await settle(A);
    const acknowledged = await producer();
    expect(await settle(A, 60_000)).to.deep.equal({ pending: 0, outdated: 'acknowledged', again: false });
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
    expect(await settle(B)).to.deep.equal({ pending: 0, outdated: 'left', again: false });
    expect(await settle(B, 5)).to.deep.equal({ pending: 0, outdated: 'left', again: false });
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

  describe('a look', () => {
    const newcomers: ReannounceRules = { newcomers: true, refreshMs: undefined };
    const hourly: ReannounceRules = { newcomers: false, refreshMs: HOUR_MS };
    const look = (reannounce: ReannounceRules, ip = A) => outbox.scan(ip, reannounce, undefined);
    const found = (found: number, refreshed: number) => ({ next: undefined, newcomers: found, refreshed });
    /** It is told, and acknowledges there. */
    const told = async (uuid = 'p', storeAddress = true, ip = A) => {
      const lease = await outbox.lease(ip, terms(10_000));
      if (lease.kind !== 'due' || lease.uuid !== uuid) expect.fail(JSON.stringify(lease));
      return outbox.ack(lease, storeAddress);
    };

    beforeEach(async () => {
      await enqueue(A);
      await told('p', false);
      now += 60_000;
    });

    it('enqueues a producer that has registered since the change, and counts its attempts anew', async () => {
      expect(await look(newcomers)).to.deep.equal(found(0, 0));
      await register(shared.redis, 'producer', 'q', { ip: '127.0.0.1', attempts: 7, error: 'timeout' });
      expect(await look(hourly), 'but not where only others are wanted').to.deep.equal(found(0, 0));
      expect(await look(newcomers)).to.deep.equal(found(1, 0));
      expect(await look(newcomers), 'once').to.deep.equal(found(0, 0));
      expect(await outbox.lease(A, terms(10))).to.include({ kind: 'due', uuid: 'q', attempts: 0, error: null });
      now += 10;
      expect(await told('q')).to.deep.equal({ pending: 0, outdated: undefined, again: false });
      expect(await look(newcomers)).to.deep.equal(found(0, 0));
      expect(await producer('q')).to.include({ notified_ip: A, notified_to: '127.0.0.1', attempts: '1' });
    });

    it('enqueues one that has changed its address since it was told there, as often as it does', async () => {
      expect(await look(newcomers), 'where it was told is not known').to.deep.equal(found(0, 0));
      for (const place of [{ ip: '127.0.0.9' }, { port: 81 }, { ip: '127.0.0.1' }]) {
        await shared.redis.hset(keys.producer('p'), place);
        expect(await look(newcomers), JSON.stringify(place)).to.deep.equal(found(1, 0));
        expect(await look(newcomers)).to.deep.equal(found(0, 0));
        expect(await told()).to.include({ again: true });
        expect(await look(newcomers)).to.deep.equal(found(0, 0));
      }
      expect(await producer()).to.include({ notified_to: '127.0.0.1 81' });
    });

    it('knows where a producer was told, though it moves right after its acknowledgement', async () => {
      await enqueue(B);
      await told('p', true, B);
      await shared.redis.hset(keys.producer('p'), 'ip', '127.0.0.9');
      expect(await look(newcomers, B)).to.deep.equal(found(1, 0));
    });

    it('keeps true where it was told, also while nobody looks for newcomers', async () => {
      await look(newcomers);
      await shared.redis.hset(keys.producer('p'), 'ip', '127.0.0.9');
      await enqueue(B);
      await told('p', false, B);
      expect(await look(newcomers, B)).to.deep.equal(found(0, 0));
    });

    it('enqueues none twice that moved while it was told', async () => {
      await look(newcomers);
      await shared.redis.hset(keys.producer('p'), 'ip', '127.0.0.9');
      await look(newcomers);
      await shared.redis.hset(keys.producer('p'), 'ip', '127.0.0.8');
      await told();
      expect(await look(newcomers)).to.deep.equal(found(0, 0));
    });

    it('enqueues those that were told so long ago, and again after as long', async () => {
      now += HOUR_MS - 60_001;
      expect(await look(hourly)).to.deep.equal(found(0, 0));
      now += 1;
      expect(await look(hourly)).to.deep.equal(found(0, 1));
      expect(await outbox.lease(A, terms(10_000))).to.include({ kind: 'due', attempts: 0 });
      expect(await settle(A)).to.deep.equal({ pending: 0, outdated: undefined, again: true });
      expect(await look(hourly)).to.deep.equal(found(0, 0));
      now += HOUR_MS;
      expect(await look({ newcomers: true, refreshMs: HOUR_MS })).to.deep.equal(found(0, 1));
    });

    it('enqueues one that was never told so long after the change', async () => {
      await register(shared.redis, 'producer', 'q');
      expect(await look(hourly)).to.deep.equal(found(0, 0));
      now += HOUR_MS;
      expect(await look(hourly)).to.deep.equal(found(0, 2));
    });

    it('puts nobody off for a clock that has gone back, nor hurries for one that was set right', async () => {
      now -= 90_000;
      expect(await look(hourly)).to.deep.equal(found(0, 0));
      now -= 60_000;
      expect(await look(hourly)).to.deep.equal(found(0, 1));
    });

    it('leaves alone who is on the list, who has no hash, and everybody where another IP is stored', async () => {
      await shared.redis.sadd(keys.producers, 'ghost', 'list');
      await shared.redis.rpush(keys.producer('list'), 'x');
      now += HOUR_MS;
      const all: ReannounceRules = { newcomers: true, refreshMs: HOUR_MS };
      expect(await look(all, B)).to.deep.equal(found(0, 0));
      expect(await look(all)).to.deep.equal(found(0, 1));
      await outbox.lease(A, terms(10_000));
      await settle(A, 700);
      expect(await look(all)).to.deep.equal(found(0, 0));
      expect(await outbox.lease(A, terms(10_000)), 'its pause holds').to.deep.equal({ kind: 'wait', forMs: 700 });
      await shared.redis.flushall();
      expect(await look(all)).to.deep.equal(found(0, 0));
    });

    it('says that it is told for the first time since a change, though it knows that IP from before', async () => {
      await enqueue(B);
      now += 1;
      await enqueue(A);
      expect(await told()).to.include({ again: false });
    });

    it('goes over many producers page by page, each of them once', async () => {
      const many = Array.from({ length: 1_000 }, (_, i) => `many${i}`);
      const steps = shared.redis.pipeline().sadd(keys.producers, ...many);
      for (const uuid of many) steps.hset(keys.producer(uuid), 'ip', '127.0.0.1');
      await steps.exec();
      let [page, pages, sum, most]: [string | undefined, number, number, number] = [undefined, 0, 0, 0];
      do {
        const seen = await outbox.scan(A, newcomers, page);
        page = seen.next;
        pages += 1;
        sum += seen.newcomers;
        most = Math.max(most, seen.newcomers);
      } while (page !== undefined);
      expect({ sum, few: most < 200, pages: pages > 4 }).to.deep.equal({ sum: 1_000, few: true, pages: true });
    });
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
