import { expect } from 'chai';
import type { ReannounceRules } from '#src/domain/announce/outbox.js';
import type { OwnIp } from '#src/domain/ip/source.js';
import { InterruptibleSleep } from '#src/state/interruptibleSleep.js';
import { due, type DueItem } from '#src/outbox/due.js';
import { MemoryOutbox } from '../support/memoryOutbox.js';
import { advance, freeze, settled } from '../support/timers.js';

describe('due', () => {
  let timers: ReturnType<typeof freeze>;
  let controller: AbortController;
  let outboxSleep: InterruptibleSleep;
  let reannounce: ReannounceRules;
  let wallAheadMs: number;

  beforeEach(() => {
    timers = freeze();
    controller = new AbortController();
    outboxSleep = new InterruptibleSleep();
    reannounce = { newcomers: false, refreshMs: undefined };
    wallAheadMs = 0;
  });
  afterEach(() => {
    controller.abort();
    timers.release();
  });

  const nameOf = (item: DueItem): string => ('uuid' in item ? `${item.kind} ${item.uuid}` : item.kind);
  /** Takes every item as soon as there is one; that Redis works is left out, unless asked for. */
  const taking = (
    outbox: MemoryOutbox,
    ip: string | null = 'A',
    all = false,
  ): { seen: string[]; whats: string[]; ended: () => boolean } => {
    const seen: string[] = [];
    /** What has failed. */
    const whats: string[] = [];
    let over = false;
    const options = {
      outbox,
      own: ip === null ? undefined : { ip, agreed: ['dns'] },
      terms: { leaseMs: 15_000, longestMs: 3_600_000 },
      reannounce,
      outboxSleep,
      clock: { wall: () => Date.now() + wallAheadMs, steady: () => Date.now() },
      explain: () => 'away',
    };
    void (async () => {
      for await (const item of due(options, controller.signal)) {
        if (item.kind === 'redis.failed') whats.push(item.what);
        if (all || item.kind !== 'redis.worked') seen.push(nameOf(item));
      }
      over = true;
    })();
    return { seen, whats, ended: () => over };
  };

  it('stores a new IP first, then yields each producer', async () => {
    const outbox = new MemoryOutbox(['p', 'q']);
    const { seen } = taking(outbox);
    await settled();
    expect(seen).to.deep.equal(['ip.changed', 'due p', 'due q']);
    expect(outbox.enqueued).to.deep.equal(['A']);
  });

  it('yields nothing where the IP is the stored one and nobody is enqueued', async () => {
    const outbox = new MemoryOutbox(['p']);
    outbox.ip = 'A';
    const { seen } = taking(outbox);
    await advance(120_000);
    expect(seen).to.deep.equal([]);
    expect(outbox.enqueued).to.deep.equal([]);
  });

  it('sleeps until the head is due: one lease, not one a worker', async () => {
    const outbox = new MemoryOutbox(['p']);
    const { seen } = taking(outbox);
    await settled();
    const leases = outbox.leases.length;
    outbox.dueAt.set('p', Date.now() + 40_000);
    outboxSleep.wake();
    await advance(39_000, 1_000);
    expect(seen).to.deep.equal(['ip.changed', 'due p']);
    expect(outbox.leases.length).to.equal(leases + 1);
    await advance(1_000);
    expect(seen).to.deep.equal(['ip.changed', 'due p', 'due p']);
  });

  it('looks again at once when the sleep is woken', async () => {
    const outbox = new MemoryOutbox([]);
    const { seen } = taking(outbox);
    await settled();
    outbox.producers = ['late'];
    outbox.dueAt.set('late', Date.now());
    outboxSleep.wake();
    await settled();
    expect(seen).to.deep.equal(['ip.changed', 'due late']);
  });

  it('looks again after a minute, however far away the head is: clocks jump', async () => {
    const outbox = new MemoryOutbox(['p']);
    taking(outbox);
    await settled();
    outbox.dueAt.set('p', Date.now() + 3_600_000);
    outboxSleep.wake();
    await settled();
    const leases = outbox.leases.length;
    await advance(60_000, 1_000);
    expect(outbox.leases.length).to.equal(leases + 1);
  });

  it('stores the IP again where Redis has lost its data', async () => {
    const outbox = new MemoryOutbox(['p']);
    const { seen } = taking(outbox);
    await settled();
    outbox.ip = undefined;
    outbox.dueAt.clear();
    outboxSleep.wake();
    await settled();
    expect(seen).to.deep.equal(['ip.changed', 'due p', 'ip.changed', 'due p']);
  });

  it('goes on with what is stored where no IP is known', async () => {
    const outbox = new MemoryOutbox(['p']);
    await outbox.enqueue({ ip: 'A', agreed: [] });
    const { seen } = taking(outbox, null);
    await settled();
    expect(seen).to.deep.equal(['due p']);
  });

  it('drops a producer that left the registry', async () => {
    const outbox = new MemoryOutbox(['p']);
    await outbox.enqueue({ ip: 'A', agreed: [] });
    outbox.producers = [];
    const { seen } = taking(outbox);
    await settled();
    expect(seen).to.deep.equal(['dropped p']);
  });

  it('yields each failure of Redis, and asks again after half a second', async () => {
    const outbox = new MemoryOutbox(['p']);
    outbox.failing = 2;
    const { seen } = taking(outbox);
    await advance(499, 499);
    expect(seen).to.deep.equal(['redis.failed']);
    await advance(1, 1);
    expect(seen).to.deep.equal(['redis.failed', 'redis.failed']);
    await advance(500, 500);
    expect(seen.slice(2)).to.deep.equal(['ip.changed', 'due p']);
  });

  it('tells of each step when it works for the first time, and when it works again', async () => {
    const outbox = new MemoryOutbox([]);
    const { seen } = taking(outbox, 'A', true);
    await settled();
    expect(seen).to.deep.equal(['redis.worked', 'redis.worked', 'ip.changed']);
    outbox.failing = 2;
    outboxSleep.wake();
    await advance(1_500, 500);
    expect(seen.slice(3)).to.deep.equal(['redis.failed', 'redis.failed', 'redis.worked']);
    outboxSleep.wake();
    await settled();
    expect(seen).to.have.length(6);
  });

  describe('looks for producers to tell', () => {
    beforeEach(() => {
      reannounce = { newcomers: true, refreshMs: undefined };
    });

    it('never where the settings want none, or where no IP is known', async () => {
      reannounce = { newcomers: false, refreshMs: undefined };
      const outbox = new MemoryOutbox(['p']);
      taking(outbox);
      await advance(600_000, 60_000);
      reannounce = { newcomers: true, refreshMs: 1_000 };
      taking(outbox, null);
      await advance(600_000, 60_000);
      expect(outbox.looks).to.be.empty;
    });

    it('at once, and then each minute', async () => {
      const outbox = new MemoryOutbox(['p']);
      outbox.ip = 'A';
      const { seen } = taking(outbox);
      await settled();
      expect(seen).to.deep.equal(['announcements.added', 'due p']);
      await advance(59_999, 59_999);
      expect(outbox.looks).to.have.length(1);
      await advance(1, 1);
      expect(outbox.looks).to.have.length(2);
      outbox.producers = ['p', 'q'];
      await advance(60_000, 60_000);
      expect(seen.filter((one) => one !== 'due p').slice(-2)).to.deep.equal(['announcements.added', 'due q']);
    });

    it('as often as producers are to be told again, if that is more often', async () => {
      reannounce = { newcomers: false, refreshMs: 20_000 };
      const outbox = new MemoryOutbox([]);
      taking(outbox);
      await advance(60_000, 10_000);
      expect(outbox.looks).to.have.length(4);
    });

    it('a page at a time, so that nobody who is due waits, and says once what it has found', async () => {
      const outbox = new MemoryOutbox(['a', 'b', 'c', 'd', 'e']);
      outbox.ip = 'A';
      const { seen } = taking(outbox);
      await advance(10, 1);
      expect(outbox.looks).to.deep.equal(['0', '2', '4']);
      expect(seen.indexOf('due a')).to.be.lessThan(seen.indexOf('announcements.added'));
      expect(seen).to.have.members([...outbox.producers.map((uuid) => `due ${uuid}`), 'announcements.added']);
    });

    it('none again sooner because the clock was set, forward or back', async () => {
      const outbox = new MemoryOutbox([]);
      taking(outbox);
      await settled();
      wallAheadMs = 86_400_000;
      await advance(30_000, 30_000);
      expect(outbox.looks).to.have.length(1);
      wallAheadMs = -86_400_000;
      await advance(30_000, 30_000);
      expect(outbox.looks).to.have.length(2);
    });

    it('goes on announcing where a look fails, and begins the next one anew', async () => {
      const outbox = new MemoryOutbox(['a', 'b', 'c']);
      await outbox.enqueue({ ip: 'A', agreed: [] });
      outbox.scan = () => Promise.reject(new Error('NOPERM'));
      const { seen } = taking(outbox);
      await settled();
      expect(seen).to.deep.equal(['redis.failed', 'due a', 'due b', 'due c']);
      await advance(59_000, 1_000);
      expect(seen.filter((one) => one === 'redis.failed')).to.have.length(1);
    });
  });

  it('a change that can’t be stored is told as that, and stored as soon as it can be', async () => {
    const outbox = new MemoryOutbox(['p']);
    let refusals = 2;
    const enqueue = (own: OwnIp) => MemoryOutbox.prototype.enqueue.call(outbox, own);
    outbox.enqueue = (own) => {
      refusals -= 1;
      return refusals >= 0 ? Promise.reject(new Error('OOM')) : enqueue(own);
    };
    const { seen, whats } = taking(outbox);
    await advance(1_000, 500);
    expect(seen).to.deep.equal(['redis.failed', 'redis.failed', 'ip.changed', 'due p']);
    expect(new Set(whats)).to.deep.equal(new Set(['recording an IP change']));
  });

  it('a ring while the outbox is read is not lost', async () => {
    const outbox = new MemoryOutbox(['p']);
    const { seen } = taking(outbox);
    await settled();
    const lease = (...args: Parameters<MemoryOutbox['lease']>) => MemoryOutbox.prototype.lease.apply(outbox, args);
    let missed = 1;
    outbox.lease = async (...args) => {
      const found = await lease(...args);
      // What failed meanwhile is due at once, and the answer does not know of it yet.
      if (missed-- > 0) {
        outbox.dueAt.set('p', Date.now());
        outboxSleep.wake();
      }
      return found;
    };
    outboxSleep.wake();
    await settled();
    expect(seen).to.deep.equal(['ip.changed', 'due p', 'due p']);
  });

  it('ends with the signal, asleep or not, and leases nothing more', async () => {
    const outbox = new MemoryOutbox([]);
    const { ended } = taking(outbox);
    await settled();
    const leases = outbox.leases.length;
    controller.abort();
    await settled();
    expect(ended()).to.equal(true);
    expect(outbox.leases.length).to.equal(leases);
  });
});
