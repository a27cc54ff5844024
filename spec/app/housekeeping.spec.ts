import { expect } from 'chai';
import { BehaviorSubject, NEVER, of, ReplaySubject, Subject, tap } from 'rxjs';
import type { Deps } from '#src/app/deps.js';
import { housekeeping, redisReady } from '#src/app/housekeeping.js';
import type { Config } from '#src/config/config.js';
import type { SchedulerEvent } from '#src/events.js';
import type { Family } from '#src/domain/ip/scope.js';
import type { Lane } from '#src/domain/peer/peer.js';
import { InterruptibleSleep } from '#src/state/interruptibleSleep.js';
import { RoundTrigger } from '#src/state/roundTrigger.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import { PeerBook } from '#src/state/peerBook.js';
import type { RedisHealth } from '#src/sources/redisHealth.js';
import { after, configOf, consumers, fakeDeps, MemorySink } from '../support/deps.js';
import { follow, kinds, type Followed } from '../support/follow.js';
import { advance, freeze, settled } from '../support/timers.js';
import { hostWith } from '../support/hostAddresses.js';

describe('housekeeping', () => {
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

  const keeping = (over: Partial<Deps> = {}): Followed<SchedulerEvent> => {
    const accepted$ = new Subject<void>();
    const accept = (): void => {
      accepted$.next();
    };
    const followed = follow(housekeeping(fakeDeps({ redisHealth$: NEVER, ...over }), accepted$).pipe(tap(accept)));
    running.push(followed);
    return followed;
  };
  const of$ = (kind: SchedulerEvent['kind'], { seen }: Followed<SchedulerEvent>) =>
    seen.filter((event) => event.kind === kind);

  it('has a heartbeat at once, and every 5 s', async () => {
    const followed = keeping();
    expect(kinds(followed.seen)).to.deep.equal(['heartbeat']);
    await advance(4_999, 4_999);
    expect(of$('heartbeat', followed)).to.have.length(1);
    await advance(1);
    expect(of$('heartbeat', followed)).to.have.length(2);
    await advance(10_000, 500);
    expect(of$('heartbeat', followed).map((event) => 'at' in event && event.at)).to.deep.equal([
      1_000_000, 1_005_000, 1_010_000, 1_015_000,
    ]);
  });

  describe('flushing', () => {
    it('has every sink write what waits, one after the other, at once and every 500 ms until nothing does', async () => {
      const order: string[] = [];
      const sink = (name: string) =>
        new MemorySink(async () => {
          order.push(`${name} began`);
          await after(10, undefined);
          order.push(`${name} ended`);
          return [];
        });
      const a = sink('a');
      const b = sink('b');
      keeping({ sinks: [a, b] });
      await advance(20, 10);
      expect(order).to.deep.equal(['a began', 'a ended', 'b began', 'b ended']);
      await advance(499, 499);
      expect(order).to.have.length(4);
      await advance(1);
      expect(order.slice(4)).to.deep.equal(['a began']);
      a.hasUnwritten = b.hasUnwritten = false;
      await advance(4_000, 10);
      expect(order).to.have.length(8);
    });

    it('asks whether anything waits after an event, and never while nothing happens', async () => {
      const looks: number[] = [];
      const sink = new MemorySink();
      Object.defineProperty(sink, 'hasUnwritten', {
        get: () => {
          looks.push(Date.now() - 1_000_000);
          return false;
        },
      });
      keeping({ sinks: [sink] });
      await advance(14_900, 100);
      expect(looks).to.deep.equal([0, 5_000, 10_000]);
      expect(sink.flushes).to.equal(0);
    });

    it('collects what comes soon after a write for the next one', async () => {
      const writes: number[] = [];
      const sink = new MemorySink(() => {
        writes.push(Date.now() - 1_000_000);
        sink.hasUnwritten = false;
        return [];
      });
      const configEvent$ = new Subject<SchedulerEvent>();
      keeping({ sinks: [sink], configEvent$ });
      for (let n = 0; n < 12; n += 1) {
        await advance(100);
        sink.hasUnwritten = true;
        configEvent$.next({ kind: 'config.reloaded', at: 1, changed: [] });
      }
      await advance(1_000, 100);
      expect(writes).to.deep.equal([0, 500, 1_000, 1_500]);
    });

    it('never has two under way, and leaves a pause between them', async () => {
      const spans: number[][] = [];
      const slow = new MemorySink(async () => {
        const began = Date.now();
        await after(600, undefined);
        spans.push([began - 1_000_000, Date.now() - 1_000_000]);
        return [];
      });
      keeping({ sinks: [slow] });
      await advance(1_900, 50);
      expect(spans).to.deep.equal([
        [0, 600],
        [1_100, 1_700],
      ]);
    });

    it('lets every sink alone while Redis is known to be away', async () => {
      const redisHealth$ = new Subject<RedisHealth>();
      const sink = new MemorySink();
      keeping({ sinks: [sink], redisHealth$ });
      await advance(900, 100);
      expect(sink.flushes, 'before anything is known').to.equal(2);
      redisHealth$.next({ up: false, reason: 'gone' });
      await advance(60_000, 250);
      expect(sink.flushes, 'while it is away').to.equal(2);
      redisHealth$.next({ up: true });
      await settled();
      expect(sink.flushes, 'when it is back').to.equal(3);
    });

    it('tells what the sinks could not write', async () => {
      const failed: SchedulerEvent = { kind: 'redis.failed', at: 1, what: 'writing', reason: 'away' };
      const followed = keeping({ sinks: [new MemorySink(() => [failed])] });
      await settled();
      expect(of$('redis.failed', followed)).to.deep.equal([failed]);
    });
  });

  describe('the clock', () => {
    it('a gap is told once, with its length', async () => {
      let epoch = 3;
      const followed = keeping({
        clock: { wall: () => Date.now(), steady: () => Date.now(), epoch: () => epoch },
        clockWatch: { epoch: () => epoch, lastGapMs: 7_000 },
      });
      await advance(2_000, 500);
      expect(of$('clock.gap', followed)).to.deep.equal([]);
      epoch += 1;
      await advance(2_000, 500);
      expect(of$('clock.gap', followed)).to.deep.equal([{ kind: 'clock.gap', at: 1_004_000, gapMs: 7_000 }]);
      epoch += 1;
      await advance(2_000, 500);
      expect(of$('clock.gap', followed)).to.have.length(2);
    });

    it('is read often enough that no pause between two readings looks like a gap', async () => {
      const readings: number[] = [];
      const epoch = (): number => {
        readings.push(Date.now());
        return 0;
      };
      keeping({ clock: { wall: () => Date.now(), steady: () => Date.now(), epoch } });
      await advance(4_000, 100);
      expect(readings).to.deep.equal([1_000_000, 1_002_000, 1_004_000]);
    });
  });

  describe('Redis', () => {
    it('is told to be up or down', async () => {
      const redisHealth$ = new Subject<RedisHealth>();
      const followed = keeping({ redisHealth$ });
      redisHealth$.next({ up: true });
      redisHealth$.next({ up: false, reason: 'gone' });
      await settled();
      expect(followed.seen.slice(1)).to.deep.equal([
        { kind: 'redis.up', at: 1_000_000 },
        { kind: 'redis.down', at: 1_000_000, reason: 'gone' },
      ]);
    });

    it('wakes the poller of the outbox when it comes back or connects anew, and only then', () => {
      const redisHealth$ = new Subject<RedisHealth>();
      const redisConnected$ = new Subject<void>();
      const outboxSleep = new InterruptibleSleep();
      let wakes = 0;
      outboxSleep.wake = () => {
        wakes += 1;
      };
      keeping({ redisHealth$, redisConnected$, outboxSleep });
      redisHealth$.next({ up: false, reason: 'gone' });
      expect(wakes).to.equal(0);
      redisHealth$.next({ up: true });
      expect(wakes).to.equal(1);
      // A server that was restarted so quickly that nobody missed it may have lost its data.
      redisConnected$.next();
      expect(wakes).to.equal(2);
    });
  });

  it('tells that the process is to stop, and by which signal', () => {
    const stop$ = new Subject<string>();
    const followed = keeping({ stop$ });
    stop$.next('SIGTERM');
    expect(followed.seen.slice(1)).to.deep.equal([{ kind: 'process.stopping', at: 1_000_000, signal: 'SIGTERM' }]);
  });

  it('has as much history kept as is configured at the start, and another where that changes', () => {
    const sizes: Config['history'][] = [];
    const config$ = new BehaviorSubject(configOf());
    keeping({ config$, setHistory: (size) => sizes.push(size) });
    config$.next(configOf({ log: { level: 'debug' } }));
    config$.next(configOf({ history: { hours: 24 } }));
    expect(sizes).to.deep.equal([
      { hours: 168, days: 90 },
      { hours: 24, days: 90 },
    ]);
  });

  it('makes the log as it is configured at the start, and again where that changes', () => {
    const logs: Config['log'][] = [];
    const config$ = new BehaviorSubject(configOf({ log: { level: 'warn' } }));
    const followed = keeping({ config$, setLog: (log) => logs.push(log) });
    config$.next(configOf({ log: { level: 'warn' }, sync: { interval: '5s' } }));
    config$.next(configOf({ log: { level: 'debug' } }));
    expect(logs.map(({ level }) => level)).to.deep.equal(['warn', 'debug']);
    expect(kinds(followed.seen)).to.deep.equal(['heartbeat']);
  });

  describe('the addresses that may be called', () => {
    /** A book with a consumer in the local network, and the lanes that are triggered. */
    const withLan = () => {
      const book = new PeerBook(['public']);
      for (const one of consumers(1, { stored: { ip: '10.0.0.1', port: null } })) book.remember(one, 1);
      const triggered: Lane[] = [];
      const roundTrigger = new RoundTrigger();
      roundTrigger.trigger = (lane) => triggered.push(lane);
      return { book, roundTrigger, triggered };
    };

    it('trigger a round for those that may be called now, where that changes', () => {
      const { book, roundTrigger, triggered } = withLan();
      const config$ = new BehaviorSubject(configOf());
      keeping({ config$, book, roundTrigger });
      expect(triggered).to.deep.equal([]);
      config$.next(configOf({ network: { allow: ['public', 'private'] } }));
      expect(triggered).to.deep.equal(['pending', 'unavailable']);
      expect(book.laneOf('c0')).not.to.equal(undefined);
    });

    it('trigger nothing where that opens nothing, or other settings change', () => {
      const { book, roundTrigger, triggered } = withLan();
      const config$ = new BehaviorSubject(configOf());
      keeping({ config$, book, roundTrigger });
      config$.next(configOf({ sync: { interval: '5s' } }));
      config$.next(configOf({ network: { allow: ['public', 'loopback'] } }));
      expect(triggered).to.deep.equal([]);
    });

    it('have those told and written at once that may not be called any more, each once', () => {
      const book = new PeerBook(['public']);
      for (const one of consumers(2)) book.remember(one, 1);
      const config$ = new BehaviorSubject(configOf());
      const followed = keeping({ config$, book });
      for (const allow of [['private'], ['private'], ['loopback']]) config$.next(configOf({ network: { allow } }));
      expect(of$('peer.malformed', followed)).to.have.length(2);
      expect([...book.unwrittenRows()].map(({ uuid, unwritten, error }) => [uuid, unwritten, error])).to.deep.equal([
        ['c0', 'fault', 'address-denied'],
        ['c1', 'fault', 'address-denied'],
      ]);
    });
  });

  it('tells that an address family is there which was missing, within 5 s', async () => {
    const present: Family[] = ['IPv4'];
    const families = new HostFamilies(() => hostWith(present));
    families.reportMissing('IPv6');
    const followed = keeping({ families });
    await advance(5_000, 500);
    expect(of$('family.found', followed)).to.deep.equal([]);
    present.push('IPv6');
    await advance(5_000, 500);
    expect(of$('family.found', followed)).to.deep.equal([{ kind: 'family.found', at: 1_010_000, family: 'IPv6' }]);
  });

  it('tells within two seconds that an isolation ends as its peers leave, and begins again as they come', async () => {
    const evidence = new OnlineEvidence();
    const book = new PeerBook(['public']);
    const [first, second] = consumers(2);
    if (first === undefined || second === undefined) throw new Error('too few');
    book.remember(first, 1);
    book.remember(second, 1);
    evidence.recordSilence('public IPv4', 2);
    const followed = keeping({ evidence, book });
    book.forget(second.uuid);
    await advance(2_000, 250);
    book.remember(second, 2);
    await advance(2_000, 250);
    book.clear();
    await advance(2_000, 250);
    const scope = 'public IPv4';
    expect(followed.seen.filter(({ kind }) => kind.startsWith('isolation'))).to.deep.equal([
      { kind: 'isolation.ended', at: 1_002_000, scope, peers: 1 },
      { kind: 'isolation.began', at: 1_004_000, scope, peers: 2 },
      { kind: 'isolation.ended', at: 1_006_000, scope, peers: 0 },
    ]);
  });

  it('hands on what is told of the configuration and of what runs beside', () => {
    const reloaded: SchedulerEvent = { kind: 'config.reloaded', at: 1, changed: ['sync.interval'] };
    const down: SchedulerEvent = { kind: 'redis.down', at: 2, reason: 'embedded' };
    const followed = keeping({ configEvent$: of(reloaded), companion$: of(down) });
    expect(followed.seen).to.deep.include.members([reloaded, down]);
  });

  it('goes on for as long as it is wanted, and leaves no timer behind', async () => {
    const sink = new MemorySink();
    const followed = keeping({ sinks: [sink] });
    await advance(60_000, 250);
    expect(followed.end).to.equal(undefined);
    const { flushes } = sink;
    const { length } = followed.seen;
    followed.leave();
    await advance(60_000, 250);
    expect([sink.flushes, followed.seen.length]).to.deep.equal([flushes, length]);
  });

  describe('redisReady', () => {
    it('completes once Redis is up, and says nothing', () => {
      const redisHealth$ = new Subject<RedisHealth>();
      const followed = follow(redisReady({ redisHealth$, stop$: NEVER }));
      redisHealth$.next({ up: false, reason: 'gone' });
      expect(followed).to.deep.include({ seen: [], end: undefined });
      redisHealth$.next({ up: true });
      expect(followed).to.deep.include({ seen: [], end: 'complete' });
      expect(redisHealth$.observed).to.equal(false);
    });

    it('completes where the process is to stop before that, and where it was to before', () => {
      const stop$ = new ReplaySubject<string>(1);
      const waiting = follow(redisReady({ redisHealth$: NEVER, stop$ }));
      expect(waiting.end).to.equal(undefined);
      stop$.next('SIGTERM');
      expect(waiting.end).to.equal('complete');
      expect(follow(redisReady({ redisHealth$: NEVER, stop$ })).end).to.equal('complete');
    });
  });
});
