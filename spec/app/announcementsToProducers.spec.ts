import { expect } from 'chai';
import { BehaviorSubject, filter, ReplaySubject } from 'rxjs';
import { announcements } from '#src/app/announcements.js';
import type { Deps } from '#src/app/deps.js';
import type { OwnIp } from '#src/domain/ip/source.js';
import type { SchedulerEvent } from '#src/events.js';
import { InterruptibleSleep } from '#src/state/interruptibleSleep.js';
import { after, BUSY, configOf, fakeDeps, fixed, GOOD, never, Peers, Producers, US } from '../support/deps.js';
import { follow, kinds, type Followed } from '../support/follow.js';
import { advance, freeze, settled } from '../support/timers.js';

describe('announcements, to the producers', () => {
  const A = '9.9.9.9';
  const own = (ip: string): OwnIp => ({ ip, agreed: ['dns'] });
  const BEGIN = 1_000_000;
  let timers: ReturnType<typeof freeze>;
  let running: Followed<SchedulerEvent>[];

  beforeEach(() => {
    timers = freeze();
    running = [];
  });
  afterEach(() => {
    for (const { leave } of running) leave();
    timers.release();
  });

  interface Given {
    readonly keys: object;
    readonly own: OwnIp | undefined;
    readonly deps: Partial<Deps>;
  }

  /** One IP announced, followed. */
  const announcing = (outbox: Producers, peers: Peers, over: Partial<Given> = {}): Followed<SchedulerEvent> => {
    const config$ = fixed(configOf(over.keys));
    const deps = fakeDeps({ outbox, post: peers.post, config$, ...over.deps });
    const event$ = announcements(deps, 'own' in over ? over.own : own(A));
    // That a step of the outbox works again is told after each spell in which it failed, and at the start.
    const followed = follow(event$.pipe(filter(({ kind }) => kind !== 'redis.worked')));
    running.push(followed);
    return followed;
  };
  /** Who was called, and when. */
  const callsOf = ({ calls }: Peers) => calls.map(({ url, at }) => `${new URL(url).port} at ${at - BEGIN}`);
  const leasesOf = ({ leases }: Producers) => leases.map(({ leaseMs }) => leaseMs);
  const acknowledgedIn = ({ seen }: Followed<SchedulerEvent>) =>
    seen.flatMap((event) => (event.kind === 'announcement.acknowledged' ? [event.uuid] : []));

  describe('a new IP', () => {
    it('is stored first; then every producer is called, and the last one to acknowledge completes it', async () => {
      const outbox = new Producers(['p8001', 'p8002', 'p8003']);
      const storedAtCalls: (string | undefined)[] = [];
      const peers = new Peers(() => {
        storedAtCalls.push(outbox.ip);
        return GOOD;
      });
      const followed = announcing(outbox, peers);
      await settled();
      expect(followed.seen[0]).to.deep.equal({
        kind: 'ip.changed',
        at: BEGIN,
        ip: A,
        previous: undefined,
        producers: 3,
      });
      expect(acknowledgedIn(followed)).to.have.members(['p8001', 'p8002', 'p8003']);
      expect(followed.seen.at(-1)).to.include({ kind: 'announcements.complete', ip: A });
      expect(storedAtCalls).to.deep.equal([A, A, A]);
      expect(peers.calls[0]).to.include({ url: 'http://1.1.1.1:8001/ip', body: JSON.stringify({ uuid: US, ip: A }) });
    });

    it('is announced to no more producers at once than there are workers', async () => {
      const uuids = Array.from({ length: 20 }, (_, i) => `p${8_000 + i}`);
      const peers = new Peers(() => after(10, GOOD));
      const followed = announcing(new Producers(uuids), peers, { keys: { announce: { concurrency: 3 } } });
      await advance(200, 1);
      expect(acknowledgedIn(followed)).to.have.members(uuids);
      expect([peers.most, peers.calls.length]).to.deep.equal([3, 20]);
    });

    it('is announced to a producer that is enqueued later as well', async () => {
      const outbox = new Producers([]);
      const peers = new Peers();
      const followed = announcing(outbox, peers);
      await settled();
      outbox.producers = ['p8001'];
      outbox.dueAt.set('p8001', Date.now());
      await advance(60_000, 1_000);
      expect(callsOf(peers)).to.deep.equal(['8001 at 60000']);
      expect(followed.end).to.equal(undefined);
    });
  });

  it('calls nobody where the stored IP is this one and nobody is enqueued', async () => {
    const outbox = new Producers(['p8001']);
    outbox.ip = A;
    const peers = new Peers();
    const { seen } = announcing(outbox, peers);
    await advance(120_000, 1_000);
    expect([seen, peers.calls, outbox.enqueued]).to.deep.equal([[], [], []]);
  });

  it('delivers what is pending from before where no IP is known', async () => {
    const outbox = new Producers(['p8001']);
    await outbox.enqueue(own('8.8.8.8'));
    const peers = new Peers();
    const followed = announcing(outbox, peers, { own: undefined });
    await settled();
    expect(peers.calls.map(({ body }) => body)).to.deep.equal([JSON.stringify({ uuid: US, ip: '8.8.8.8' })]);
    expect(acknowledgedIn(followed)).to.deep.equal(['p8001']);
    expect(outbox.enqueued).to.deep.equal(['8.8.8.8']);
  });

  it('drops a producer that left the registry, and says so', async () => {
    const outbox = new Producers(['p8001', 'p8002']);
    await outbox.enqueue(own(A));
    outbox.producers = ['p8002'];
    const peers = new Peers();
    const { seen } = announcing(outbox, peers);
    await settled();
    expect(seen[0]).to.deep.equal({ kind: 'announcement.dropped', at: BEGIN, uuid: 'p8001' });
    expect(callsOf(peers)).to.deep.equal(['8002 at 0']);
  });

  it('a lease outlasts the attempt and the storing of its result', async () => {
    const outbox = new Producers(['p8001']);
    announcing(outbox, new Peers(), { keys: { announce: { timeout: '7s' } } });
    await settled();
    expect(new Set(leasesOf(outbox))).to.deep.equal(new Set([17_000]));
  });

  describe('a producer that fails', () => {
    it('is called again after a pause under the ceilings of the settings', async () => {
      const outbox = new Producers(['p8001']);
      const peers: Peers = new Peers(() => (peers.calls.length < 3 ? BUSY : GOOD));
      const { seen } = announcing(outbox, peers, { keys: { announce: { retry: { initial: '10s', max: '1m' } } } });
      await advance(20_000, 1_000);
      // The outbox in memory counts no attempts, so that the pauses are those of the first.
      expect(callsOf(peers)).to.deep.equal(['8001 at 0', '8001 at 5000', '8001 at 10000']);
      expect(kinds(seen).slice(1)).to.deep.equal([
        'announcement.failed',
        'announcement.failed',
        'announcement.acknowledged',
        'announcements.complete',
      ]);
    });

    it('delays no other one, even where there is one worker', async () => {
      const peers = new Peers(({ url }) => (url.includes('8001') ? BUSY : GOOD));
      const followed = announcing(new Producers(['p8001', 'p8002']), peers, { keys: { announce: { concurrency: 1 } } });
      await settled();
      expect(callsOf(peers)).to.deep.equal(['8001 at 0', '8002 at 0']);
      expect(acknowledgedIn(followed)).to.deep.equal(['p8002']);
    });

    it('by never answering is given up at the deadline, and holds up one worker only', async () => {
      const peers = new Peers(({ url }) => (url.includes('8001') ? never() : GOOD));
      const followed = announcing(new Producers(['p8001', 'p8002', 'p8003']), peers, {
        keys: { announce: { concurrency: 2, timeout: '3s' } },
      });
      await advance(2_999);
      expect(acknowledgedIn(followed)).to.deep.equal(['p8002', 'p8003']);
      await advance(1);
      expect(followed.seen.at(-1)).to.include({ kind: 'announcement.failed', uuid: 'p8001', reason: 'timeout' });
      expect(peers.calls[0]?.end).to.equal('aborted');
    });

    it('wakes the sleeping poller where it is due sooner than all others', async () => {
      const outbox = new Producers(['p8001', 'p8002']);
      const peers = new Peers(({ url }) => (url.includes('8001') ? after(1_000, BUSY) : GOOD));
      announcing(outbox, peers, { keys: { announce: { retry: { initial: '1s', max: '1m' } } } });
      await advance(2_000, 100);
      // The next look would be at 15 s, when the lease runs out.
      expect(callsOf(peers)).to.deep.equal(['8001 at 0', '8002 at 0', '8001 at 1500']);
    });

    it('by an address that may not be called is named, and not called', async () => {
      const peers = new Peers();
      const { seen } = announcing(new Producers(['p8001']), peers, { keys: { network: { allow: ['private'] } } });
      await settled();
      expect(seen.slice(1).map(({ kind }) => kind)).to.deep.equal(['peer.malformed', 'announcement.failed']);
      expect(peers.calls).to.deep.equal([]);
    });
  });

  describe('while Redis fails', () => {
    it('keeps at it every half second, and says each time that it could not', async () => {
      const outbox = new Producers(['p8001']);
      outbox.failing = 3;
      const peers = new Peers();
      const { seen } = announcing(outbox, peers);
      await advance(1_499, 1);
      expect(seen).to.deep.equal(
        [0, 500, 1_000].map((at) => {
          return { kind: 'redis.failed', at: BEGIN + at, what: 'reading the announcements', reason: 'away' };
        }),
      );
      await advance(1);
      expect(kinds(seen).slice(3)).to.deep.equal(['ip.changed', 'announcement.acknowledged', 'announcements.complete']);
      expect(callsOf(peers)).to.deep.equal(['8001 at 1500']);
    });

    it('to store the change, nobody is called', async () => {
      const outbox = new Producers(['p8001']);
      const enqueue = outbox.enqueue.bind(outbox);
      let failures = 2;
      outbox.enqueue = (given) => {
        failures -= 1;
        return failures < 0 ? enqueue(given) : Promise.reject(new Error('away'));
      };
      const peers = new Peers();
      const { seen } = announcing(outbox, peers);
      await advance(1_000, 100);
      expect(seen[0]).to.include({ kind: 'redis.failed', what: 'recording an IP change' });
      expect(kinds(seen).slice(0, 3)).to.deep.equal(['redis.failed', 'redis.failed', 'ip.changed']);
      expect(callsOf(peers)).to.deep.equal(['8001 at 1000']);
    });

    it('to store an acknowledgement, that is tried again, and the call is not repeated', async () => {
      const outbox = new Producers(['p8001']);
      const peers = new Peers(() => {
        outbox.failing = 1;
        return after(10, GOOD);
      });
      // The poller looks while the call is under way; its failure is not what this is about.
      const followed = announcing(outbox, peers, { keys: { announce: { concurrency: 1 } } });
      await advance(600, 10);
      expect(acknowledgedIn(followed)).to.deep.equal(['p8001']);
      expect(outbox.dueAt.size).to.equal(0);
      expect(callsOf(peers)).to.deep.equal(['8001 at 0']);
    });
  });

  describe('after Redis has lost its data', () => {
    /** An announcement that is over, in a Redis that has forgotten it. */
    const lost = async (outboxSleep = new InterruptibleSleep()) => {
      const outbox = new Producers(['p8001']);
      const peers = new Peers();
      const { seen } = announcing(outbox, peers, { deps: { outboxSleep } });
      await settled();
      outbox.ip = undefined;
      outbox.dueAt.clear();
      return { outbox, peers, seen };
    };

    it('stores the IP again, and calls every producer again', async () => {
      const { outbox, peers, seen } = await lost();
      await advance(60_000, 1_000);
      expect(outbox.enqueued).to.deep.equal([A, A]);
      expect(peers.calls).to.have.length(2);
      expect(kinds(seen).filter((kind) => kind === 'ip.changed')).to.have.length(2);
    });

    it('does so at once when the sleep is woken, as it is when Redis comes back', async () => {
      const outboxSleep = new InterruptibleSleep();
      const { peers } = await lost(outboxSleep);
      outboxSleep.wake();
      await settled();
      expect(callsOf(peers)).to.deep.equal(['8001 at 0', '8001 at 0']);
    });
  });

  describe('a change of the settings', () => {
    const UUIDS = ['p8001', 'p8002', 'p8003', 'p8004', 'p8005'];

    it('is in force once what is in flight has ended, which is not lost', async () => {
      const outbox = new Producers(UUIDS);
      const config$ = new BehaviorSubject(configOf({ announce: { concurrency: 1, timeout: '5s' } }));
      const peers = new Peers(() => after(100, GOOD));
      const followed = announcing(outbox, peers, { deps: { config$ } });
      await advance(50);
      config$.next(configOf({ announce: { concurrency: 4, timeout: '6s' } }));
      await advance(49);
      expect(callsOf(peers)).to.deep.equal(['8001 at 0']);
      await advance(1);
      expect(acknowledgedIn(followed)).to.deep.equal(['p8001']);
      expect(peers.underWay).to.have.length(4);
      await advance(100);
      expect(acknowledgedIn(followed)).to.have.members(UUIDS);
      expect(peers.calls).to.have.length(5);
      // One look that stores the IP, and one that leases the first producer.
      expect(leasesOf(outbox).filter((ms) => ms === 15_000)).to.have.length(2);
      expect(
        leasesOf(outbox)
          .slice(2)
          .every((ms) => ms === 16_000),
      ).to.equal(true);
    });

    it('is in force at once while the poller sleeps', async () => {
      const outbox = new Producers([]);
      const config$ = new BehaviorSubject(configOf({ announce: { timeout: '5s' } }));
      const followed = announcing(outbox, new Peers(), { deps: { config$ } });
      await settled();
      config$.next(configOf({ announce: { timeout: '6s' } }));
      await settled();
      expect(leasesOf(outbox).at(-1)).to.equal(16_000);
      expect(followed.end).to.equal(undefined);
    });

    it('of how a producer is called is in force with the next attempt, and nothing begins anew', async () => {
      const outbox = new Producers(['p8001']);
      const config$ = new BehaviorSubject(configOf());
      const peers: Peers = new Peers(() => (peers.calls.length === 1 ? BUSY : GOOD));
      announcing(outbox, peers, { deps: { config$ } });
      await settled();
      const leases = outbox.leases.length;
      config$.next(configOf({ announce: { path: '/other' }, http: { signing: { secret: 'sixteen characters' } } }));
      await settled();
      expect(outbox.leases).to.have.length(leases);
      await advance(2_500, 100);
      expect(peers.urls).to.deep.equal(['http://1.1.1.1:8001/ip', 'http://1.1.1.1:8001/other']);
      expect(peers.calls[1]?.headers).to.have.property('x-consumer-signature');
    });
  });

  describe('on stop', () => {
    it('leases nothing more, and ends once what is in flight has ended and is stored', async () => {
      const outbox = new Producers(['p8001', 'p8002', 'p8003', 'p8004']);
      const stop$ = new ReplaySubject<string>(1);
      const peers = new Peers(() => after(100, GOOD));
      const followed = announcing(outbox, peers, { deps: { stop$ }, keys: { announce: { concurrency: 2 } } });
      await advance(50);
      const leases = outbox.leases.length;
      stop$.next('SIGTERM');
      await advance(49);
      expect(followed.end).to.equal(undefined);
      await advance(1);
      expect(followed.end).to.equal('complete');
      expect(acknowledgedIn(followed)).to.deep.equal(['p8001', 'p8002']);
      expect([...outbox.dueAt.keys()]).to.deep.equal(['p8003', 'p8004']);
      expect([peers.calls.length, outbox.leases.length]).to.deep.equal([2, leases]);
    });

    it('ends at once where the poller sleeps, and never begins after that', async () => {
      const outbox = new Producers([]);
      const stop$ = new ReplaySubject<string>(1);
      const sleeping = announcing(outbox, new Peers(), { deps: { stop$ } });
      await settled();
      stop$.next('SIGTERM');
      expect(sleeping.end).to.equal('complete');
      const leases = outbox.leases.length;
      expect(announcing(outbox, new Peers(), { deps: { stop$ } }).end).to.equal('complete');
      await advance(120_000, 10_000);
      expect(outbox.leases).to.have.length(leases);
    });
  });

  it('an unsubscription aborts the calls at once, and leases nothing more', async () => {
    const outbox = new Producers(['p8001', 'p8002', 'p8003']);
    const peers = new Peers(never);
    const { leave, seen } = announcing(outbox, peers, { keys: { announce: { concurrency: 2 } } });
    await settled();
    const leases = outbox.leases.length;
    leave();
    expect(peers.calls.map(({ end }) => end)).to.deep.equal(['aborted', 'aborted']);
    await advance(120_000, 10_000);
    expect([outbox.leases.length, seen.length]).to.deep.equal([leases, 1]);
  });
});
