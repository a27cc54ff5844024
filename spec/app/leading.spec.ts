import { expect } from 'chai';
import { concat, defer, finalize, map, of, Subject, switchMap, take, timer } from 'rxjs';
import { releaseLease, whileLeading } from '#src/app/leading.js';
import { Candidacy } from '#src/leader/candidacy.js';
import type { SchedulerEvent } from '#src/events.js';
import { Leadership } from '#src/state/leadership.js';
import { fakeDeps, US } from '../support/deps.js';
import { entry } from '../support/entries.js';
import { follow, kinds } from '../support/follow.js';
import { MemoryLease } from '../support/memoryLease.js';
import { advance, freeze, settled } from '../support/timers.js';

const LEASE_MS = 10_000;

describe('whileLeading', () => {
  let timers: ReturnType<typeof freeze>;
  let lease: MemoryLease;
  beforeEach(() => {
    timers = freeze();
    lease = new MemoryLease(() => Date.now(), LEASE_MS);
  });
  afterEach(() => {
    timers.release();
  });

  const BEGUN: SchedulerEvent = { kind: 'heartbeat', at: 1 };
  const DRAINED: SchedulerEvent = { kind: 'heartbeat', at: 2 };

  /** One process whose work begins with an event and, on stop, takes a while to end with another. */
  function running({ drainMs = 0 } = {}) {
    const stop$ = new Subject<string>();
    const redisConnected$ = new Subject<unknown>();
    const leadership = new Leadership();
    const candidacy = new Candidacy({
      lease: lease.of('us', { uuid: US }),
      leadership,
      leaseMs: LEASE_MS,
      instance: 'us',
      uuid: US,
      onForeign: 'standby',
      shares: false,
      mayTake: () => true,
      identity: undefined,
      steady: () => Date.now(),
      explain: String,
    });
    const deps = fakeDeps({ candidacy, leadership, leaseMs: LEASE_MS, redisConnected$, stop$ });
    const works = { begun: 0, ended: 0, most: 0 };
    const work$ = defer(() => {
      works.begun += 1;
      works.most = Math.max(works.most, works.begun - works.ended);
      const drained$ = stop$.pipe(
        switchMap(() => timer(drainMs)),
        map(() => DRAINED),
        take(1),
      );
      return concat(of(BEGUN), drained$).pipe(finalize(() => (works.ended += 1)));
    });
    const held: (string | undefined)[] = [];
    const flush$ = defer(() => {
      held.push(lease.held);
      return of<SchedulerEvent>({ kind: 'heartbeat', at: 3 });
    });
    const stop = (): void => {
      stop$.next('SIGTERM');
    };
    const followed = follow(concat(whileLeading(deps, work$), flush$, releaseLease(deps)));
    return { deps, leadership, works, held, followed, redisConnected$, stop };
  }
  const told = ({ followed }: ReturnType<typeof running>) =>
    kinds(followed.seen).filter((kind) => kind !== 'heartbeat');

  it('works once, however often the lease is renewed', async () => {
    const node = running();
    await advance(10 * LEASE_MS, 100);
    expect(node.works).to.deep.equal({ begun: 1, ended: 0, most: 1 });
    expect(told(node)).to.deep.equal(['leader.took']);
    expect(lease.held).to.equal('us:1000');
    node.followed.leave();
  });

  it('begins nothing while another one works, and says so once', async () => {
    lease.hold('x:7', { uuid: US });
    const node = running();
    await advance(LEASE_MS / 2, 100);
    expect(node.works.begun).to.equal(0);
    expect(told(node)).to.deep.equal(['leader.standing-by']);
    node.followed.leave();
  });

  it('looks often enough to take the mark of an orderly end within a second', async () => {
    lease.hold('x:7', { uuid: US });
    const node = running();
    await advance(1_234, 10);
    lease.token = ':7';
    await advance(1_000, 10);
    expect(node.works.begun).to.equal(1);
    node.followed.leave();
  });

  it('beats five times a lease as the holder, and every half second as a standby, from the loss of the lease on', async () => {
    const node = running();
    await advance(LEASE_MS + 100, 100);
    expect(lease.beats).to.equal(6);
    lease.hold('x:2000', { uuid: US }, 10 * LEASE_MS);
    await advance(2_000, 100);
    const before = lease.beats;
    await advance(2_000, 100);
    expect(lease.beats - before).to.equal(4);
    node.redisConnected$.next(undefined);
    await settled();
    expect(lease.beats - before, 'at once for a reason').to.equal(5);
    node.followed.leave();
  });

  it('beats as often as a standby whose Redis is slow', async () => {
    lease.hold('x:7', { uuid: US }, 10 * LEASE_MS);
    lease.delayMs = 300;
    const node = running();
    await advance(1_000, 100);
    const before = lease.beats;
    await advance(2_000, 100);
    expect(lease.beats - before).to.equal(4);
    node.followed.leave();
  });

  it('ends its work when another one has taken over, forgets what it found, and begins anew after that one', async () => {
    const node = running();
    const { book, undecided } = node.deps;
    await advance(100);
    book.remember(entry('a'), 1);
    book.reserve('b');
    undecided.add('public IPv4', {
      ...{ entry: entry('b'), lane: 'regular', at: 1, outcome: { ok: false, reason: 'timeout' } },
    });
    lease.hold('x:2000', { uuid: US });
    await advance(LEASE_MS / 5, 100);
    expect(node.works).to.deep.equal({ begun: 1, ended: 1, most: 1 });
    expect(told(node)).to.deep.equal(['leader.took', 'leader.lost']);
    expect([...book.uuids()]).to.deep.equal([]);
    expect(undecided.clear()).to.deep.equal([]);
    expect(book.reserve('b'), 'b may be checked again').to.equal(true);
    await advance(2 * LEASE_MS, 100);
    expect(node.works).to.deep.equal({ begun: 2, ended: 1, most: 1 });
    expect(told(node)).to.deep.equal(['leader.took', 'leader.lost', 'leader.took']);
    node.followed.leave();
  });

  it('goes on working where the lease was lost with the data and taken again, under a higher term', async () => {
    const node = running();
    await advance(100);
    lease.empty();
    node.redisConnected$.next(undefined);
    await settled();
    expect(lease.held).to.equal('us:1001');
    expect(node.works).to.deep.equal({ begun: 1, ended: 0, most: 1 });
    expect(told(node)).to.deep.equal(['leader.took', 'leader.took']);
    node.followed.leave();
  });

  it('goes on working while Redis refuses the lease, and says so once', async () => {
    lease.failure = new Error('OOM command not allowed');
    const node = running();
    await advance(2 * LEASE_MS, 100);
    expect(node.works).to.deep.equal({ begun: 1, ended: 0, most: 1 });
    expect(told(node)).to.deep.equal(['leader.unwritten']);
    lease.failure = undefined;
    await advance(LEASE_MS / 5, 100);
    expect(node.works.begun).to.equal(1);
    expect(told(node)).to.deep.equal(['leader.unwritten', 'leader.took']);
    node.followed.leave();
  });

  it('looks at the lease at once where a write was refused', async () => {
    const node = running();
    await advance(100);
    lease.hold('x:2000', { uuid: US });
    node.leadership.fence.refused('verdicts');
    await settled();
    expect(node.works.ended).to.equal(1);
    expect([...node.leadership.fenced]).to.deep.equal([['verdicts', 1]]);
    node.followed.leave();
  });

  it('asks no more often than before however many writes are refused at once', async () => {
    const node = running();
    await advance(100);
    const before = lease.beats;
    for (let i = 0; i < 1_000; i += 1) node.leadership.fence.refused('verdicts');
    await settled();
    expect(lease.beats - before).to.equal(1);
    node.followed.leave();
  });

  it('keeps the lease while what is in flight drains, and gives it back after the last flush', async () => {
    const node = running({ drainMs: 3 * LEASE_MS });
    await advance(100);
    node.stop();
    await advance(3 * LEASE_MS - 100, 100);
    expect(lease.held).to.equal('us:1000');
    await advance(200, 100);
    expect(node.followed.end).to.equal('complete');
    expect(node.followed.seen.slice(-2).map((event) => 'at' in event && event.at)).to.deep.equal([2, 3]);
    expect(node.held).to.deep.equal(['us:1000']);
    expect(lease.held).to.equal(':1000');
  });

  it('writes nothing more where the lease is lost in the draining', async () => {
    const node = running({ drainMs: LEASE_MS / 2 });
    await advance(100);
    node.stop();
    lease.hold('x:2000', { uuid: US });
    await advance(LEASE_MS / 2 - 500, 100);
    expect(node.leadership.fence.token()).to.equal('-');
    await advance(1_000);
    expect(node.followed.end).to.equal('complete');
    expect(lease.held).to.equal('x:2000');
  });

  it('ends at once where it stands by', async () => {
    lease.hold('x:7', { uuid: US });
    const node = running({ drainMs: LEASE_MS });
    await advance(1_000);
    node.stop();
    await settled();
    expect(node.followed.end).to.equal('complete');
    expect(lease.held).to.equal('x:7');
  });

  it('ends where it was never told anything', async () => {
    lease.failure = new Error('Connection is closed');
    const node = running();
    await advance(1_000);
    expect(node.followed.seen).to.deep.equal([]);
    node.stop();
    await settled();
    expect(node.followed.end).to.equal('complete');
  });
});
