import { expect } from 'chai';
import { Alarm } from '#src/state/alarm.js';
import { due, type DueItem } from '#src/outbox/due.js';
import { MemoryOutbox } from '../support/memoryOutbox.js';
import { advance, freeze, settled } from '../support/timers.js';

describe('due', () => {
  let timers: ReturnType<typeof freeze>;
  let controller: AbortController;
  let alarm: Alarm;

  beforeEach(() => {
    timers = freeze();
    controller = new AbortController();
    alarm = new Alarm();
  });
  afterEach(() => {
    controller.abort();
    timers.release();
  });

  const nameOf = (item: DueItem): string => ('uuid' in item ? `${item.kind} ${item.uuid}` : item.kind);
  /** Takes every item as soon as there is one. */
  const taking = (outbox: MemoryOutbox, ip: string | null = 'A'): { seen: string[]; ended: () => boolean } => {
    const seen: string[] = [];
    let over = false;
    const options = {
      outbox,
      own: ip === null ? undefined : { ip, agreed: ['dns'] },
      terms: { leaseMs: 15_000, longestMs: 3_600_000 },
      alarm,
      wall: () => Date.now(),
      explain: () => 'away',
    };
    void (async () => {
      for await (const item of due(options, controller.signal)) seen.push(nameOf(item));
      over = true;
    })();
    return { seen, ended: () => over };
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
    alarm.ring();
    await advance(39_000, 1_000);
    expect(seen).to.deep.equal(['ip.changed', 'due p']);
    expect(outbox.leases.length).to.equal(leases + 1);
    await advance(1_000);
    expect(seen).to.deep.equal(['ip.changed', 'due p', 'due p']);
  });

  it('looks again at once when the alarm rings', async () => {
    const outbox = new MemoryOutbox([]);
    const { seen } = taking(outbox);
    await settled();
    outbox.producers = ['late'];
    outbox.dueAt.set('late', Date.now());
    alarm.ring();
    await settled();
    expect(seen).to.deep.equal(['ip.changed', 'due late']);
  });

  it('looks again after a minute, however far away the head is: clocks jump', async () => {
    const outbox = new MemoryOutbox(['p']);
    taking(outbox);
    await settled();
    outbox.dueAt.set('p', Date.now() + 3_600_000);
    alarm.ring();
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
    alarm.ring();
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
