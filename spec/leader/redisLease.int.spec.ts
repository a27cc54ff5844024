import { expect } from 'chai';
import type { Fence } from '#src/clients/script.js';
import { fencedScript, NO_FENCE, runFenced } from '#src/clients/script.js';
import type { Delivery } from '#src/domain/announce/outbox.js';
import { ownIdentity } from '#src/leader/processIdentity.js';
import { currentToken, holderOf, RedisLease, type InstanceInfo } from '#src/leader/redisLease.js';
import { RedisOutbox } from '#src/outbox/redisOutbox.js';
import { SchedulerState } from '#src/sinks/schedulerState.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { PeerBook } from '#src/state/peerBook.js';
import { SoleShares } from '#src/state/shares.js';
import { US } from '../support/deps.js';
import { entry } from '../support/entries.js';
import { keys, privateRedis, register } from '../support/registry.js';

const LEASE_MS = 10_000;

describe('RedisLease, on a real Redis', () => {
  const shared = privateRedis();
  const nameOf = (instance: string): InstanceInfo => {
    return { instance, uuid: US, name: 'name', host: 'host', version: '1.2.3', ofShares: undefined };
  };
  const leaseOf = (instance: string, identity = undefined as Awaited<ReturnType<typeof ownIdentity>>) =>
    new RedisLease(shared.redis, keys, nameOf(instance), LEASE_MS, identity);
  const beat = (instance: string, over: Partial<Parameters<RedisLease['beat']>[0]> = {}) =>
    leaseOf(instance).beat({ mayTake: true, takeMissing: true, gone: undefined, lastTerm: 0, ...over });
  const held = () => shared.redis.get(keys.leader);
  const serverSeconds = async () => Number((await shared.redis.time())[0]);

  describe('a beat', () => {
    it('takes a missing lease, with an end and the time of the server as its term, and says who we are', async () => {
      const before = await serverSeconds();
      const identity = await ownIdentity();
      const found = await leaseOf('a', identity).beat({
        mayTake: true,
        takeMissing: true,
        gone: undefined,
        lastTerm: 0,
      });
      const token = (await held()) ?? '';
      expect(found).to.deep.equal({ kind: 'held', token, taken: true });
      const term = Number(token.replace('a:', ''));
      expect(term).to.be.within(before, await serverSeconds());
      expect(await shared.redis.pttl(keys.leader)).to.be.within(LEASE_MS - 5_000, LEASE_MS);
      expect(await shared.redis.pttl(keys.replica('a'))).to.be.within(2 * LEASE_MS - 5_000, 2 * LEASE_MS);
      expect(await holderOf(shared.redis, keys, token)).to.deep.equal({
        ...{
          token,
          instance: 'a',
          uuid: US,
          host: 'host',
          pid: process.pid,
          since: undefined,
          shares: false,
          identity,
        },
      });
    });

    it('keeps its token, and makes it last anew', async () => {
      await beat('a');
      const token = await held();
      await shared.redis.pexpire(keys.leader, 1_000);
      expect(await beat('a', { lastTerm: 5 })).to.deep.equal({ kind: 'held', token, taken: false });
      expect(await shared.redis.pttl(keys.leader)).to.be.greaterThan(1_000);
    });

    it('leaves a missing lease where it is told to', async () => {
      expect(await beat('a', { takeMissing: false })).to.deep.equal({ kind: 'missing' });
      expect(await shared.redis.dbsize()).to.equal(0);
    });

    it('leaves another one’s, tells how long that lasts, and writes nothing', async () => {
      await shared.redis.set(keys.leader, 'x:7', 'PX', 5_000);
      const found = await beat('a');
      expect(found).to.include({ kind: 'other', token: 'x:7' });
      expect(found).to.have.property('leftMs').that.is.within(1, 5_000);
      expect(await shared.redis.keys('*')).to.deep.equal([keys.leader]);
    });

    it('takes it from the one that is named as gone, and from nobody else', async () => {
      await shared.redis.set(keys.leader, 'x:7', 'PX', 5_000);
      expect(await beat('a', { gone: 'x:6' })).to.include({ kind: 'other' });
      expect(await beat('a', { gone: 'x:7' })).to.include({ kind: 'held', taken: true });
    });

    it('takes one without an end, which is none', async () => {
      await shared.redis.set(keys.leader, 'x:99999999999');
      expect(await currentToken(shared.redis, keys)).to.equal(undefined);
      expect(await beat('a', { takeMissing: false })).to.deep.equal({
        ...{ kind: 'held', token: 'a:100000000000', taken: true },
      });
      expect(await shared.redis.pttl(keys.leader)).to.be.greaterThan(0);
    });

    it('goes beyond the last term that is known to either', async () => {
      expect(await beat('a', { lastTerm: 99_999_999_999 })).to.include({ token: 'a:100000000000' });
      await shared.redis.del(keys.leader);
      await shared.redis.set(keys.leader, ':200000000000', 'PX', 5_000);
      expect(await beat('b')).to.include({ token: 'b:200000000001' });
    });

    it('rejects where the key is of another type, and leaves it alone', async () => {
      await shared.redis.rpush(keys.leader, 'others');
      const error = await beat('a').then(String, String);
      expect(error).to.include('WRONGTYPE');
      expect(await currentToken(shared.redis, keys)).to.equal(undefined);
      expect(await shared.redis.lrange(keys.leader, 0, -1)).to.deep.equal(['others']);
      expect(await shared.redis.keys('*')).to.deep.equal([keys.leader]);
    });
  });

  describe('an orderly end', () => {
    it('leaves a mark with the term, and nothing of who we were', async () => {
      await beat('a', { lastTerm: 99_999_999_999 });
      await leaseOf('a').release('a:100000000000');
      expect(await held()).to.equal(':100000000000');
      expect(await shared.redis.pttl(keys.leader)).to.be.greaterThan(LEASE_MS);
      expect(await shared.redis.exists(keys.replica('a'))).to.equal(0);
      expect(await currentToken(shared.redis, keys)).to.equal(undefined);
      expect(await beat('b', { takeMissing: false })).to.include({ token: 'b:100000000001', taken: true });
    });

    it('leaves the lease of the one that came after', async () => {
      await shared.redis.set(keys.leader, 'b:8', 'PX', 5_000);
      await leaseOf('a').release('a:7');
      expect(await held()).to.equal('b:8');
    });
  });

  describe('what is read of a holder', () => {
    it('is what stands in the state where it has told nothing else, and only if that is of the same instance', async () => {
      await shared.redis.hset(keys.scheduler, { instance: 'x', uuid: US, host: 'there', pid: 12, leader_since: 34 });
      expect(await holderOf(shared.redis, keys, 'x:7')).to.include({ host: 'there', pid: 12, since: 34 });
      expect(await holderOf(shared.redis, keys, 'y:7')).to.include({ since: undefined });
    });

    it('proves nothing of its process where a part of that is missing', async () => {
      const whole = { boot: 'b', pid_namespace: 'n', started: '5', pid: '12' };
      const identity = async (fields: Record<string, string>) => {
        await shared.redis.del(keys.replica('x'));
        await shared.redis.hset(keys.replica('x'), { instance: 'x', ...fields });
        return (await leaseOf('a').holder('x:7')).identity;
      };
      expect(await identity(whole)).to.deep.equal({ boot: 'b', pidNamespace: 'n', started: '5', pid: 12 });
      for (const missing of Object.keys(whole)) {
        expect(await identity({ ...whole, [missing]: '' }), missing).to.equal(undefined);
      }
    });

    it('is told as empty by one that knows nothing of its own process', async () => {
      await beat('a');
      const told = await shared.redis.hgetall(keys.replica('a'));
      expect(told).to.include({ boot: '', pid_namespace: '', started: '', pid: String(process.pid) });
    });

    it('is the token of a lease that lasts, and of no other', async () => {
      const lease = leaseOf('a');
      expect(await lease.current()).to.equal(undefined);
      await shared.redis.set(keys.leader, 'x:7', 'PX', 5_000);
      expect(await lease.current()).to.equal('x:7');
      await shared.redis.persist(keys.leader);
      expect(await lease.current(), 'without an end').to.equal(undefined);
      await shared.redis.set(keys.leader, ':7', 'PX', 5_000);
      expect(await lease.current(), 'the mark of an orderly end').to.equal(undefined);
    });

    for (const token of ['', 'nonsense', ':', 'x:', 'x:99999999999999999999', 'x:-1', 'x:1.5', 'x\n:7']) {
      it(`is nothing to stumble over: ${JSON.stringify(token)}`, async () => {
        await shared.redis.set(keys.leader, token, 'PX', 5_000);
        const found = await beat('a');
        if (found.kind === 'other') await holderOf(shared.redis, keys, found.token);
        await shared.redis.persist(keys.leader);
        const taken = await beat('a');
        expect(taken.kind).to.equal('held');
        expect(taken)
          .to.have.property('token')
          .that.matches(/^a:\d{1,15}$/);
      });
    }
  });

  describe('beside those that share the registry', () => {
    const live = (ms: number) => shared.redis.zadd(keys.replicas, Date.now() + ms, 'r');
    const sharing = (instance: string) =>
      new RedisLease(shared.redis, keys, { ...nameOf(instance), ofShares: 64 }, LEASE_MS, undefined);
    const take = { mayTake: true, takeMissing: true, gone: undefined, lastTerm: 0 };

    it('one that does not share takes nothing while they live', async () => {
      await live(60_000);
      const found = await beat('a');
      expect(found).to.include({ kind: 'other', token: 'r:0' });
      expect(found.kind === 'other' && found.leftMs).to.be.within(1, 60_000);
      expect(await held()).to.equal(null);
      await shared.redis.set(keys.leader, ':7');
      expect(await beat('a')).to.include({ kind: 'other', token: 'r:0' });
    });

    it('one that does not share takes it once they are gone, and keeps it when they come', async () => {
      await live(-1);
      expect(await beat('a')).to.include({ kind: 'held', taken: true });
      await live(60_000);
      expect(await beat('a')).to.include({ kind: 'held', taken: false });
    });

    it('one that shares takes it, and can be told by that', async () => {
      await live(60_000);
      const found = await sharing('a').beat(take);
      expect(found).to.include({ kind: 'held', taken: true });
      const token = (await held()) ?? '';
      expect(await holderOf(shared.redis, keys, token)).to.include({ shares: true });
    });

    it('one that may not lead takes neither a missing lease nor the mark of an orderly end', async () => {
      expect(await sharing('a').beat({ ...take, mayTake: false })).to.deep.equal({ kind: 'missing' });
      await shared.redis.set(keys.leader, ':7');
      expect(await sharing('a').beat({ ...take, mayTake: false })).to.deep.equal({ kind: 'missing' });
      expect(await held()).to.equal(':7');
    });
  });

  describe('the fence', () => {
    const TOKEN = 'a:7';
    const stored = { ip: '127.0.0.1', port: null };
    const delivery: Delivery = { kind: 'due', uuid: 'p', ip: '1.1.1.1', stored, attempts: 0, error: null };
    const refused: string[] = [];
    const fenceOf = (token: string): Fence => ({ token: () => token, refused: (what) => refused.push(what) });
    const outboxOf = (fence: Fence) => new RedisOutbox(shared.redis, keys, () => 1_000_000, fence);

    /** Everything in Redis, with the lease left out. */
    const dump = async (): Promise<unknown> => {
      const names = (await shared.redis.keys('*')).filter((key) => key !== keys.leader).sort();
      return Promise.all(names.map(async (key) => [key, (await shared.redis.dumpBuffer(key)).toString('hex')]));
    };

    beforeEach(async () => {
      refused.length = 0;
      await register(shared.redis, 'producer', 'p', { ip: '127.0.0.1' });
      await register(shared.redis, 'consumer', 'c', { ip: '1.1.1.1' });
      await outboxOf(NO_FENCE).enqueue({ ip: '1.1.1.1', agreed: [] });
      await shared.redis.set(keys.leader, TOKEN, 'PX', 60_000);
    });

    const steps: Readonly<Record<string, (fence: Fence) => Promise<unknown>>> = {
      enqueue: (fence) => outboxOf(fence).enqueue({ ip: '8.8.8.8', agreed: ['dns'] }),
      lease: (fence) => outboxOf(fence).lease('1.1.1.1', { leaseMs: 5_000, longestMs: 3_600_000 }),
      look: (fence) => outboxOf(fence).scan('1.1.1.1', { newcomers: true, refreshMs: undefined }),
      ack: (fence) => outboxOf(fence).ack(delivery, true),
      nack: (fence) => outboxOf(fence).nack(delivery, 'timeout', 5_000),
      state: async (fence) => {
        const state = new SchedulerState(shared.redis, keys, { uuid: US }, () => 1, String, fence);
        const told = await state.flush();
        if (told.length > 0) throw new Error(JSON.stringify(told));
      },
      verdicts: async (fence) => {
        const book = new PeerBook(['public']);
        const known = entry('c', { stored: { ip: '1.1.1.1', port: null } });
        book.remember(known, 1);
        const health = { ...known.health, state: 'available' as const };
        book.record(known, { at: 5, outcome: { ok: true, latencyMs: 3 }, counted: true, health });
        const history = { hours: 0, days: 0 };
        const told = await new WriteBack(
          shared.redis,
          keys,
          book,
          () => 1,
          String,
          history,
          new SoleShares(keys.leader, fence),
        ).flush();
        if (book.unwrittenCount > 0) throw new Error(JSON.stringify(told));
      },
    };

    for (const [name, step] of Object.entries(steps)) {
      const prepare = async (): Promise<unknown> => {
        if (name === 'look') await shared.redis.zrem(keys.announcements, 'p');
        return dump();
      };

      it(`${name}: writes under the token of the lease`, async () => {
        const before = await prepare();
        await step(fenceOf(TOKEN));
        expect(await dump()).to.not.deep.equal(before);
        expect(refused).to.deep.equal([]);
      });

      it(`${name}: writes where nobody is asked, whoever holds the lease`, async () => {
        const before = await prepare();
        await step(NO_FENCE);
        expect(await dump()).to.not.deep.equal(before);
      });

      for (const token of ['a:6', 'a:77', 'b:7', '-', ':7']) {
        it(`${name}: writes nothing under ${token}, and says so`, async () => {
          const before = await prepare();
          expect(await step(fenceOf(token)).then(String, String)).to.include('FENCED');
          expect(await dump()).to.deep.equal(before);
          expect(refused).to.have.length(1);
        });
      }

      it(`${name}: writes nothing where the lease has run out`, async () => {
        const before = await prepare();
        await shared.redis.del(keys.leader);
        expect(await step(fenceOf(TOKEN)).then(String, String)).to.include('FENCED');
        expect(await dump()).to.deep.equal(before);
      });

      it(`${name}: writes nothing where the key of the lease is of another type`, async () => {
        const before = await prepare();
        await shared.redis.del(keys.leader);
        await shared.redis.sadd(keys.leader, TOKEN);
        expect(await step(fenceOf(TOKEN)).then(String, String)).to.include('WRONGTYPE');
        expect(await dump()).to.deep.equal(before);
      });
    }

    it('compares what is not ASCII byte by byte', async () => {
      const call = (token: string) =>
        runFenced(shared.redis, fencedScript(`return redis.call('SET', KEYS[1], 'x')`), {
          ...{ keys: ['p2p:probe'], args: [], lease: keys.leader, fence: fenceOf(token), what: 'probe' },
        });
      await shared.redis.set(keys.leader, Buffer.from([0xff, 0x3a, 0x37]));
      expect(await call('\u00ff:7')).to.equal('OK');
      expect(await call('y:7').then(String, String)).to.include('FENCED');
    });
  });
});
