import { expect } from 'chai';
import { Candidacy, ForeignHolderError, RefusedError, type CandidacyOptions } from '#src/leader/candidacy.js';
import { ownIdentity } from '#src/leader/processIdentity.js';
import type { FoundHolder } from '#src/leader/redisLease.js';
import { Leadership } from '#src/state/leadership.js';
import { US } from '../support/deps.js';
import { MemoryLease } from '../support/memoryLease.js';

const LEASE_MS = 10_000;
const BEAT_MS = 500;
/** A holder renews its lease so often. */
const RENEWAL_MS = 2_000;
const BEGIN = 1_000_000;
const OTHER_UUID = '99999999-8f5b-4a52-9c0e-5d0f8f2b7a11';

function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('it did not reject');
    },
    (error: unknown) => error as Error,
  );
}

describe('Candidacy', () => {
  let now: number;
  let lease: MemoryLease;

  beforeEach(() => {
    now = BEGIN;
    lease = new MemoryLease(() => now, LEASE_MS);
  });

  const candidate = (
    instance: string,
    over: Partial<CandidacyOptions> = {},
    who: Partial<FoundHolder> = { uuid: US },
  ) => {
    const leadership = new Leadership();
    const candidacy = new Candidacy({
      lease: lease.of(instance, who),
      leadership,
      leaseMs: LEASE_MS,
      instance,
      uuid: US,
      onForeign: 'standby',
      shares: false,
      mayTake: () => true,
      identity: undefined,
      steady: () => now - BEGIN,
      explain: (error) => (error as Error).message,
      ...over,
    });
    return { candidacy, leadership, beat: () => candidacy.beat() };
  };
  const later = async <T>(ms: number, step: () => Promise<T>): Promise<T> => {
    now += ms;
    return step();
  };
  const refuse = (message: string) => (lease.failure = new Error(message));

  describe('a fresh start', () => {
    it('takes a lease that is missing at once, with the time of the server as its term', async () => {
      const { beat, leadership } = candidate('a');
      expect(await beat()).to.deep.equal({ kind: 'leads', term: 1_000, afterMs: undefined });
      expect(leadership).to.include({ leads: true, standsBy: false, token: 'a:1000' });
    });

    it('stands by where another one holds it, and says who that is', async () => {
      lease.hold('x:7', { uuid: US, host: 'there', pid: 12 });
      const { beat, leadership } = candidate('a');
      const standing = await beat();
      expect(standing).to.have.property('kind', 'standby');
      expect(standing).to.have.property('lost', false);
      expect(standing).to.have.property('holder').that.includes({ token: 'x:7', host: 'there', pid: 12 });
      expect(leadership).to.include({ leads: false, standsBy: true, token: undefined });
      expect(lease.held).to.equal('x:7');
    });

    it('succeeds a holder that is provably gone, at once', async () => {
      const own = await ownIdentity();
      if (own === undefined) throw new Error('no /proc');
      lease.hold('x:2000', { uuid: OTHER_UUID, identity: { ...own, started: '1' } });
      const { beat } = candidate('a', { identity: own });
      expect(await beat()).to.include({ kind: 'leads', term: 2_001 });
    });

    it('waits for a holder that lives, and for one of which nothing can be proved', async () => {
      const own = await ownIdentity();
      if (own === undefined) throw new Error('no /proc');
      const others = [
        own,
        undefined,
        { ...own, started: '1', boot: 'another' },
        { ...own, started: '1', pidNamespace: 'another' },
      ];
      for (const identity of others) {
        lease.hold('x:7', { uuid: US, identity });
        const { beat } = candidate('a', { identity: own });
        expect(await beat()).to.include({ kind: 'standby' });
      }
    });
  });

  describe('while it stands by', () => {
    /** Looks until it leads; returns after how many milliseconds that was. */
    const untilItLeads = async (beat: () => Promise<{ readonly kind: string }>): Promise<number> => {
      const from = now;
      while ((await later(BEAT_MS, beat)).kind !== 'leads') {
        expect(now - from).to.be.lessThan(10 * LEASE_MS);
      }
      return now - from;
    };

    it('takes the mark of an orderly end with the next look, under a higher term', async () => {
      const a = candidate('a');
      const b = candidate('b');
      await a.beat();
      await b.beat();
      await a.candidacy.release();
      expect(a.leadership).to.include({ leads: false, token: undefined });
      expect(lease.held).to.equal(':1000');
      expect(await later(BEAT_MS, b.beat)).to.deep.equal({ kind: 'leads', term: 1_001, afterMs: BEAT_MS });
    });

    it('waits until the lease of one that renews it no more has run out, and half a lease more', async () => {
      lease.hold('x:7', { uuid: US });
      const { beat } = candidate('a');
      await beat();
      expect(await untilItLeads(beat)).to.equal(1.5 * LEASE_MS);
    });

    it('leaves a lease that is lost with the data to its holder, for half a lease', async () => {
      const a = candidate('a');
      const b = candidate('b');
      await a.beat();
      await b.beat();
      lease.empty();
      expect(await later(BEAT_MS, b.beat)).to.include({ kind: 'standby' });
      expect(await later(BEAT_MS, a.beat)).to.include({ kind: 'leads', term: 1_001 });
      expect(await b.beat()).to.include({ kind: 'standby' });
      expect(b.leadership.leads).to.equal(false);
    });

    it('leaves it anew to the holder after Redis was away, which neither could reach', async () => {
      const a = candidate('a');
      const b = candidate('b');
      await a.beat();
      await b.beat();
      lease.empty();
      await later(BEAT_MS, b.beat);
      refuse('Connection is closed');
      await later(BEAT_MS, b.beat);
      lease.failure = undefined;
      expect(await later(LEASE_MS, b.beat)).to.include({ kind: 'standby' });
      expect(await a.beat()).to.include({ kind: 'leads' });
    });

    it('leaves a holder of another UUID alone until that was seen to renew its lease, and ends then', async () => {
      lease.hold('x:7', { uuid: OTHER_UUID, host: 'there', pid: 12 });
      const { beat } = candidate('a');
      await beat();
      expect(await later(RENEWAL_MS, beat)).to.include({ kind: 'standby' });
      lease.hold('x:7', { uuid: OTHER_UUID, host: 'there', pid: 12 });
      const error = await rejection(beat());
      expect(error).to.be.instanceOf(ForeignHolderError);
      expect(error.message).to.include(`uuid ${OTHER_UUID} on host there, pid 12`);
    });

    it('sees a renewal as well where it looks as often as the lease is renewed', async () => {
      lease.hold('x:7', { uuid: OTHER_UUID });
      const { beat } = candidate('a');
      await beat();
      now += RENEWAL_MS;
      lease.hold('x:7', { uuid: OTHER_UUID });
      expect(await rejection(beat())).to.be.instanceOf(ForeignHolderError);
    });

    it('prints what a holder calls itself without what could steer a terminal', async () => {
      const hostile = { uuid: 'x\u001b[31m\nfake', host: 'h\u202e\r\nfake' };
      lease.hold('x:7', hostile);
      const { beat } = candidate('a');
      await beat();
      now += RENEWAL_MS;
      lease.hold('x:7', hostile);
      const { message } = await rejection(beat());
      expect(message).to.match(/^[ -~]+$/);
    });

    it('takes over from a holder of another UUID that never renews its lease', async () => {
      lease.hold('x:7', { uuid: OTHER_UUID });
      const { beat } = candidate('a');
      await beat();
      expect(await untilItLeads(beat)).to.be.at.most(2 * LEASE_MS);
    });

    it('takes no lease for renewed that lasts a little longer since the server has set its clock right', async () => {
      lease.hold('x:7', { uuid: OTHER_UUID });
      const { beat } = candidate('a');
      await beat();
      lease.endsAt += 150;
      for (let i = 0; i < 5; i += 1) expect(await later(BEAT_MS, beat)).to.include({ kind: 'standby' });
      lease.endsAt += 50;
      expect(await rejection(beat())).to.be.instanceOf(ForeignHolderError);
    });

    it('takes none for renewed over a long time, in which the two clocks run apart', async () => {
      lease.hold('x:7', { uuid: OTHER_UUID }, 3_600_000);
      const { beat } = candidate('a');
      for (let i = 0; i < 1_000; i += 1) {
        expect(await later(BEAT_MS, beat)).to.include({ kind: 'standby' });
        lease.endsAt += BEAT_MS / 1_000;
      }
    });

    // A lease may be as short as 2 s and as long as 30 s, and is renewed five times within it.
    for (const theirsMs of [2_000, 5_000, 30_000]) {
      it(`sees within a lease that one of ${String(theirsMs)} ms is renewed, whatever the length of ours`, async () => {
        const { beat } = candidate('a');
        const renew = () => {
          if ((now - BEGIN) % (theirsMs / 5) === 0) lease.hold('x:7', { uuid: OTHER_UUID }, theirsMs);
        };
        renew();
        await beat();
        let error: Error | undefined;
        while (error === undefined && now - BEGIN < theirsMs) {
          now += 100;
          renew();
          if ((now - BEGIN) % BEAT_MS === 0)
            error = await beat().then(
              () => undefined,
              (failure: unknown) => failure as Error,
            );
        }
        expect(error).to.be.instanceOf(ForeignHolderError);
      });
    }

    it('says after how long it took over from a holder with a shorter lease, or from one that came meanwhile', async () => {
      const { beat } = candidate('a');
      lease.hold('x:7', { uuid: US }, 2_000);
      await beat();
      for (let i = 0; i < 10; i += 1) {
        now += BEAT_MS;
        lease.hold('x:7', { uuid: US }, 2_000);
        await beat();
      }
      now += BEAT_MS;
      lease.hold('y:8', { uuid: US }, 2_000);
      await beat();
      const from = now;
      lease.hold(':8');
      now += BEAT_MS;
      expect(await beat()).to.include({ kind: 'leads', afterMs: now - from });
    });

    it('waits for a holder that lives and does not say of which node it is', async () => {
      const { beat } = candidate('a');
      for (let i = 0; i < 3; i += 1) {
        lease.hold('x:7');
        expect(await later(RENEWAL_MS, beat)).to.include({ kind: 'standby' });
      }
    });

    it('says after how long it took over, since the last sign of life that it saw', async () => {
      now += 60_000;
      const { beat } = candidate('a');
      lease.hold('x:7', { uuid: US });
      await beat();
      await later(BEAT_MS, beat);
      now += RENEWAL_MS;
      lease.hold('x:7', { uuid: US });
      await beat();
      const from = now;
      await untilItLeads(async () => {
        const standing = await beat();
        if (standing.kind === 'leads') expect(standing.afterMs).to.equal(now - from);
        return standing;
      });
      expect(now - from).to.equal(1.5 * LEASE_MS);
    });

    it('stands by where a holder that is gone has left a lease that we may not take', async () => {
      const own = await ownIdentity();
      if (own === undefined) throw new Error('no /proc');
      lease.hold('x:7', { uuid: US, identity: { ...own, started: '1' } });
      const { beat } = candidate('a', { identity: own, mayTake: () => lease.beats > 10 });
      expect(await beat()).to.include({ kind: 'standby' });
      expect(lease.held).to.equal('x:7');
    });

    it('refuses to wait where replicas.onForeign says so, once the holder was seen to live', async () => {
      lease.hold('x:7', { uuid: US });
      const { beat } = candidate('a', { onForeign: 'refuse' });
      expect(await beat()).to.include({ kind: 'standby' });
      now += RENEWAL_MS;
      lease.hold('x:7', { uuid: US });
      const error = await rejection(beat());
      expect(error).to.be.instanceOf(RefusedError);
      expect(error.message).to.equal(
        'another scheduler of this node works on this registry, on host unknown, pid unknown (replicas.onForeign)',
      );
    });

    it('says nothing and takes nothing while Redis is away', async () => {
      lease.hold('x:7', { uuid: US });
      const { beat, leadership } = candidate('a');
      await beat();
      refuse('Connection is closed');
      expect(await later(LEASE_MS, beat)).to.deep.equal({ kind: 'unknown', vacant: false });
      expect(leadership.leads).to.equal(false);
    });
  });

  describe('while it leads', () => {
    it('renews its lease under the same term, each time for as long by its own clock, less a margin', async () => {
      const { beat, leadership } = candidate('a');
      await beat();
      for (let i = 0; i < 10; i += 1) {
        expect(await later(RENEWAL_MS, beat)).to.include({ kind: 'leads', term: 1_000 });
        expect(leadership.isValid(now - BEGIN + 0.9 * LEASE_MS - 1)).to.equal(true);
        expect(leadership.isValid(now - BEGIN + 0.9 * LEASE_MS)).to.equal(false);
      }
    });

    for (const message of ['Connection is closed', 'Command timed out', 'OOM command not allowed', 'LOADING']) {
      it(`goes on leading through: ${message}`, async () => {
        const { beat, leadership } = candidate('a');
        await beat();
        refuse(message);
        expect(await later(3 * LEASE_MS, beat)).to.include({ kind: 'leads', term: 1_000 });
        expect(leadership).to.include({ leads: true, token: 'a:1000' });
        expect(leadership.isValid(now - BEGIN)).to.equal(false);
        lease.failure = undefined;
        expect(await beat()).to.include({ kind: 'leads', term: 1_030 });
      });
    }

    it('goes on leading where Redis refuses a renewal and the lease is still ours', async () => {
      const { beat, leadership } = candidate('a');
      await beat();
      refuse('OOM');
      expect(await later(RENEWAL_MS, beat)).to.deep.equal({ kind: 'leads', term: 1_000, afterMs: undefined });
      expect(leadership.token).to.equal('a:1000');
    });

    it('takes the lease again at once that it gave back, though the data is lost and it once stood by', async () => {
      lease.hold('x:7', { uuid: US });
      const { candidacy, beat } = candidate('a');
      await beat();
      lease.hold(':7');
      expect(await beat()).to.include({ kind: 'leads' });
      await candidacy.release();
      lease.empty();
      expect(await beat()).to.include({ kind: 'leads' });
    });

    it('ends with the first answer that names another one', async () => {
      const { beat, leadership } = candidate('a');
      await beat();
      now += 2 * LEASE_MS;
      lease.hold('x:2000', { uuid: US });
      expect(await beat()).to.include({ kind: 'standby', lost: true });
      expect(leadership).to.include({ leads: false, token: undefined });
    });

    it('ends as well where it may not write any more, and another one may', async () => {
      const { beat, leadership } = candidate('a');
      await beat();
      now += 2 * LEASE_MS;
      lease.hold('x:2000', { uuid: US });
      refuse("NOPERM this user has no permissions to run the 'evalsha' command");
      expect(await beat()).to.include({ kind: 'standby', lost: true });
      expect(leadership).to.include({ leads: false, token: undefined });
    });
  });

  describe('where Redis refuses the write', () => {
    const refusals = [
      "OOM command not allowed when used memory > 'maxmemory'.",
      "NOPERM this user has no permissions to run the 'evalsha' command",
      "ERR The user executing the script can't access at least one of the keys mentioned in the command script: 1",
      "ERR ACL failure in script: User x has no permissions to run the 'hset' command script: 1",
      "READONLY You can't write against a read only replica.",
      'MISCONF Errors writing to the AOF file: No space left on device',
      'NOREPLICAS Not enough good replicas to write.',
      'WRONGTYPE Operation against a key holding the wrong kind of value script: 1',
    ];
    for (const message of refusals) {
      it(`works without a lease while nobody has one: ${message}`, async () => {
        const { beat, leadership } = candidate('a');
        refuse(message);
        expect(await beat()).to.deep.equal({ kind: 'unwritten', reason: message });
        expect(leadership).to.include({ leads: true, standsBy: false, token: undefined });
        expect(leadership.isValid(0)).to.equal(false);
        expect(leadership.fence.token()).to.equal('-');
        lease.failure = undefined;
        expect(await later(BEAT_MS, beat)).to.include({ kind: 'leads', term: 1_000 });
      });

      it(`stands by while another one has a lease: ${message}`, async () => {
        lease.hold('x:7', { uuid: US, host: 'there' });
        const { beat, leadership } = candidate('a');
        refuse(message);
        const standing = await beat();
        expect(standing).to.include({ kind: 'standby', lost: false });
        expect(standing).to.have.property('holder').that.includes({ host: 'there' });
        expect(leadership).to.include({ leads: false, standsBy: true });
        now += LEASE_MS;
        expect(await beat()).to.include({ kind: 'unwritten' });
      });
    }

    it('stands by for a holder of which nothing more can be read than its token', async () => {
      const unread = { ...lease.of('a'), holder: () => Promise.reject(new Error('NOPERM')) };
      lease.hold('x:1y:12', { uuid: US, host: 'there' });
      const { beat } = candidate('a', { lease: unread });
      refuse('NOPERM');
      const nothing = { uuid: undefined, host: undefined, pid: undefined, since: undefined, shares: false };
      expect(await beat()).to.deep.equal({
        ...{ kind: 'standby', lost: false },
        holder: { token: 'x:1y:12', instance: 'x:1y', ...nothing },
      });
    });

    it('works where the lease can’t even be read', async () => {
      lease.readable = false;
      const { beat } = candidate('a');
      refuse('NOPERM');
      expect(await beat()).to.include({ kind: 'unwritten' });
    });

    it('ends that once another one is found to hold the lease', async () => {
      const { beat } = candidate('a');
      refuse('NOPERM');
      await beat();
      lease.hold('x:2000', { uuid: US });
      expect(await later(BEAT_MS, beat)).to.include({ kind: 'standby', lost: true });
    });

    it('goes on with that while Redis is away altogether', async () => {
      const { beat, leadership } = candidate('a');
      refuse('OOM');
      await beat();
      refuse('Connection is closed');
      expect(await later(BEAT_MS, beat)).to.include({ kind: 'unwritten' });
      expect(leadership.leads).to.equal(true);
    });
  });

  it('works without a lease where Redis has written it, and then refused the rest: it is no holder to wait for', async () => {
    const { beat, leadership } = candidate('a');
    lease.hold('a:1000', { uuid: US });
    refuse("ERR ACL failure in script: User x has no permissions to run the 'hset' command script: 1");
    expect(await beat()).to.include({ kind: 'unwritten' });
    expect(await later(BEAT_MS, beat)).to.include({ kind: 'unwritten' });
    expect(leadership).to.include({ leads: true, standsBy: false, token: undefined });
  });

  describe('the term', () => {
    it('goes beyond that of a holder that was seen, though its lease has run out since', async () => {
      lease.hold('x:9999999999', { uuid: US });
      const { beat } = candidate('a');
      await beat();
      now += LEASE_MS;
      await beat();
      expect(await later(LEASE_MS / 2, beat)).to.include({ kind: 'leads', term: 10_000_000_000 });
    });

    it('goes beyond that of a holder that could only be read', async () => {
      lease.hold('x:9999999999', { uuid: US });
      const { beat } = candidate('a');
      refuse('OOM');
      await beat();
      lease.failure = undefined;
      now += LEASE_MS;
      await beat();
      expect(await later(LEASE_MS / 2, beat)).to.include({ kind: 'leads', term: 10_000_000_000 });
    });

    it('grows with every acquisition, also where Redis is emptied and where its clock stands behind', async () => {
      const { beat } = candidate('a');
      const terms: number[] = [];
      for (let i = 0; i < 5; i += 1) {
        const standing = await beat();
        terms.push(standing.kind === 'leads' ? (standing.term ?? 0) : 0);
        lease.empty();
        now -= 1_000;
      }
      expect(terms).to.deep.equal([1_000, 1_001, 1_002, 1_003, 1_004]);
    });

    it('goes beyond one that the holder took unseen, after the data was lost twice', async () => {
      lease.hold(':5000');
      const a = candidate('a');
      const b = candidate('b');
      await a.beat();
      await b.beat();
      lease.empty();
      expect(await a.beat()).to.include({ kind: 'leads', term: 5_002 });
      lease.empty();
      await later(BEAT_MS, b.beat);
      expect(await later(LEASE_MS / 2, b.beat)).to.include({ kind: 'leads', term: 5_003 });
    });

    it('begins at the time of the server, so that one who knows nothing goes on above all who were', async () => {
      const a = candidate('a');
      await a.beat();
      now += 60_000;
      lease.empty();
      expect(await candidate('b').beat()).to.include({ kind: 'leads', term: 1_060 });
    });
  });

  it('asks Redis for no end of a lease that it does not hold', async () => {
    const released: string[] = [];
    const release = (token: string): Promise<void> => {
      released.push(token);
      return Promise.resolve();
    };
    const { candidacy, beat } = candidate('a', { lease: { ...lease.of('a'), release } });
    await candidacy.release();
    expect(released).to.deep.equal([]);
    await beat();
    await candidacy.release();
    expect(released).to.deep.equal(['a:1000']);
  });

  it('gives nothing back where it holds nothing, and survives a Redis that is away', async () => {
    lease.hold('x:7');
    const { candidacy, beat } = candidate('a');
    await beat();
    await candidacy.release();
    expect(lease.held).to.equal('x:7');
    lease.empty();
    const b = candidate('b');
    await b.beat();
    refuse('Connection is closed');
    await b.candidacy.release();
    expect(b.leadership).to.include({ leads: false, token: undefined });
  });

  describe('one that may not lead', () => {
    const follower = (over: Partial<CandidacyOptions> = {}) =>
      candidate('a', { shares: true, mayTake: () => false, ...over });

    it('takes neither a missing lease nor the mark of an orderly end, and says in time that nobody has it', async () => {
      const { beat, leadership } = follower();
      expect(await beat()).to.deep.equal({ kind: 'unknown', vacant: false });
      expect(await later(LEASE_MS / 2, beat)).to.deep.equal({ kind: 'unknown', vacant: true });
      lease.hold(':7');
      expect(await beat()).to.deep.equal({ kind: 'unknown', vacant: true });
      expect(leadership).to.include({ leads: false, standsBy: true });
      expect(lease.held).to.equal(':7');
    });

    it('follows who has it', async () => {
      lease.hold('x:7', { uuid: US, shares: true });
      const { beat } = follower();
      expect(await beat()).to.have.nested.property('holder.shares', true);
    });

    it('takes it once it may', async () => {
      let may = false;
      const { beat } = follower({ mayTake: () => may });
      await beat();
      may = true;
      expect(await later(LEASE_MS / 2, beat)).to.have.property('kind', 'leads');
    });
  });

  it('refuses no holder that shares the registry where we do as well', async () => {
    for (const [shares, kind] of [
      [true, 'standby'],
      [false, 'refused'],
    ] as const) {
      lease.hold('x:7', { uuid: US, shares: true });
      const { beat } = candidate('a', { onForeign: 'refuse', shares });
      await beat();
      lease.hold('x:7', { uuid: US, shares: true });
      const found = await later(RENEWAL_MS, async () => {
        lease.hold('x:7', { uuid: US, shares: true });
        return beat().then(
          (standing) => standing.kind,
          (error: unknown) => (error instanceof RefusedError ? 'refused' : String(error)),
        );
      });
      expect(found).to.equal(kind);
      now += 2 * LEASE_MS;
    }
  });
});
