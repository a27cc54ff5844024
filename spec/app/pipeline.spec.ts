import { expect } from 'chai';
import { BehaviorSubject, ReplaySubject, Subject } from 'rxjs';
import type { Deps } from '#src/app/deps.js';
import { pipeline } from '#src/app/pipeline.js';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import type { RedisHealth } from '#src/sources/redisHealth.js';
import { PeerBook } from '#src/state/peerBook.js';
import {
  after,
  configOf,
  consumers,
  fakeDeps,
  GOOD,
  MemoryRegistry,
  MemorySink,
  never,
  Peers,
  Producers,
  US,
} from '../support/deps.js';
import { entry } from '../support/entries.js';
import { follow, kinds, type Followed } from '../support/follow.js';
import { advance, freeze, settled } from '../support/timers.js';

describe('pipeline', () => {
  const A = '9.9.9.1';
  const B = '9.9.9.2';
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

  interface Keys {
    readonly sync?: object;
    readonly ip?: string;
    readonly network?: object;
  }

  const keysOf = ({ sync = {}, ip = A, ...keys }: Keys = {}) => ({
    sync: { interval: '60s', jitter: 0, ...sync },
    publicIp: { override: ip },
    ...keys,
  });

  /** The whole pipeline over fakes, and what moves it. */
  function running$(over: Partial<Deps> = {}, keys: Keys = {}) {
    const config$ = new BehaviorSubject(configOf(keysOf(keys)));
    const stop$ = new ReplaySubject<string>(1);
    const killed$ = new Subject<void>();
    const peers = new Peers();
    const registry = new MemoryRegistry(consumers(1));
    const outbox = new Producers(['p8001']);
    const deps = fakeDeps({ config$, stop$, killed$, registry, outbox, post: peers.post, ...over });
    const followed = follow(pipeline(deps));
    running.push(followed);
    return {
      followed,
      seen: followed.seen,
      peers,
      registry,
      outbox,
      change: (changed: Keys) => {
        config$.next(configOf(keysOf(changed)));
      },
      stop: () => {
        stop$.next('SIGTERM');
      },
      kill: () => {
        killed$.next();
      },
    };
  }

  const ofKind = <K extends SchedulerEvent['kind']>(kind: K, events: readonly SchedulerEvent[]): EventOf<K>[] =>
    events.filter((event): event is EventOf<K> => event.kind === kind);
  const roundStarts = (events: readonly SchedulerEvent[]) =>
    ofKind('round.started', events).map(({ at }) => (at - BEGIN) / 1_000);
  const toProducers = ({ calls }: Peers) => calls.filter(({ url }) => url.endsWith('/ip'));
  const toConsumers = ({ calls }: Peers) => calls.filter(({ url }) => url.endsWith('/sync'));
  const announced = (peers: Peers) =>
    toProducers(peers).map(({ body }) => (JSON.parse(body) as { readonly ip: string }).ip);

  it('calls every consumer and every producer, side by side', async () => {
    const { peers, seen } = running$();
    await settled();
    expect(toConsumers(peers).map(({ body }) => body)).to.deep.equal([JSON.stringify({ uuid: US, ip: A })]);
    expect(announced(peers)).to.deep.equal([A]);
    expect(ofKind('round.finished', seen)[0]).to.include({ lane: 'regular', round: 1, ok: 1, failed: 0 });
    expect(ofKind('announcements.complete', seen)).to.have.length(1);
  });

  describe('before Redis has come', () => {
    it('asks nobody for anything', async () => {
      const redisHealth$ = new Subject<RedisHealth>();
      let sources = 0;
      const ipSources = () => {
        sources += 1;
        return [];
      };
      const config$ = new BehaviorSubject(configOf());
      const { peers, registry, outbox, seen } = running$({ redisHealth$, ipSources, config$ });
      redisHealth$.next({ up: false, reason: 'away' });
      await advance(120_000, 1_000);
      expect([peers.calls, registry.readings, outbox.leases, sources]).to.deep.equal([[], [], [], 0]);
      expect(kinds(seen)).to.include('redis.down').and.include('heartbeat');
      redisHealth$.next({ up: true });
      await settled();
      expect([peers.calls.length, registry.readings.length, sources]).to.deep.equal([1, 1, 1]);
    });

    it('ends at once where it is to stop', async () => {
      const sink = new MemorySink();
      const { followed, stop, registry } = running$({ redisHealth$: new Subject<RedisHealth>(), sinks: [sink] });
      stop();
      await settled();
      expect(followed.end).to.equal('complete');
      expect([registry.readings, sink.flushes]).to.deep.equal([[], 1]);
    });
  });

  it('goes on without Redis once it has come', async () => {
    const redisHealth$ = new BehaviorSubject<RedisHealth>({ up: true });
    const { seen } = running$({ redisHealth$ });
    await settled();
    redisHealth$.next({ up: false, reason: 'gone' });
    await advance(60_000, 1_000);
    expect(roundStarts(seen)).to.deep.equal([0, 60]);
  });

  describe('rounds', () => {
    it('begin at once, and then each interval', async () => {
      const { seen } = running$();
      await advance(180_000, 1_000);
      expect(roundStarts(seen)).to.deep.equal([0, 60, 120, 180]);
    });

    it('begin early or late by the jitter', async () => {
      const { seen } = running$({ random: () => 0 }, { sync: { jitter: 0.5 } });
      await advance(90_000, 1_000);
      expect(roundStarts(seen)).to.deep.equal([0, 30, 60, 90]);
    });

    it('are skipped while one is under way', async () => {
      const peers = new Peers(() => after(2_500, GOOD));
      const { seen } = running$({ post: peers.post }, { sync: { interval: '1s' } });
      await advance(3_500, 100);
      const told = seen.filter(({ kind }) => kind.startsWith('round.'));
      expect(kinds(told)).to.deep.equal([
        'round.started',
        'round.skipped',
        'round.skipped',
        'round.finished',
        'round.started',
      ]);
      expect(roundStarts(seen)).to.deep.equal([0, 3]);
    });

    it('of the three lanes do not hold each other up', async () => {
      const health = { ...UNCHECKED, state: 'unavailable' as const };
      const dead = consumers(1, { uuid: 'dead', stored: { ip: '1.1.2.1', port: null }, health });
      const registry = new MemoryRegistry([...consumers(1), ...dead]);
      const peers = new Peers(({ url }) => (url.includes('1.1.2.1') ? never() : GOOD));
      const { seen } = running$(
        { registry, post: peers.post },
        { sync: { interval: '10s', timeout: '9s', unavailable: { interval: '10s', concurrency: 1 } } },
      );
      await advance(20_000, 500);
      expect(
        ofKind(
          'round.finished',
          seen.filter((event) => 'lane' in event && event.lane === 'regular'),
        ),
      ).to.have.length(3);
      expect(ofKind('peer.checked', seen).filter(({ lane }) => lane === 'unavailable')).to.have.length(1);
    });

    it('do not begin in a lane without a due peer', async () => {
      const book = new PeerBook(['public']);
      let looked = 0;
      const due = book.due.bind(book);
      book.due = (...asked) => {
        looked += 1;
        return due(...asked);
      };
      const registry = new MemoryRegistry(consumers(2));
      const { seen } = running$({ book, registry });
      await advance(60_000, 500);
      expect(ofKind('peer.checked', seen)).to.have.length(4);
      expect(looked).to.equal(0);
    });

    it('call a consumer that is new as soon as it is found, and tell of no skipped round for that', async () => {
      const fresh = consumers(1, { health: UNCHECKED, checkedAt: 0 });
      const peers = new Peers(() => after(4_000, GOOD));
      const { seen } = running$({ registry: new MemoryRegistry(fresh), post: peers.post });
      await settled();
      expect(toConsumers(peers)).to.have.length(1);
      await advance(4_000, 500);
      expect(ofKind('round.skipped', seen)).to.deep.equal([]);
      expect(ofKind('round.finished', seen).map(({ lane }) => lane)).to.deep.equal(['regular', 'pending']);
    });

    it('tell how many consumers are in each state at the end of each regular one', async () => {
      const denied = consumers(1, { uuid: 'denied', stored: { ip: '10.0.0.1', port: null } });
      const suspect = consumers(1, {
        uuid: 'suspect',
        stored: { ip: '1.1.2.1', port: null },
        health: { ...UNCHECKED, state: 'suspect', failures: 1 },
      });
      const registry = new MemoryRegistry([...consumers(2), ...denied, ...suspect]);
      const { seen } = running$({ registry });
      await advance(4_000, 500);
      const [regular, recheck] = ofKind('round.finished', seen);
      expect(regular).to.deep.include({
        lane: 'regular',
        peers: { available: 2, suspect: 1, unavailable: 0, pending: 0, denied: 1, invalid: 0 },
        denied: { private: 1 },
      });
      expect(recheck).to.include({ lane: 'suspect' }).and.not.have.property('peers');
    });

    it('leave a failure that may be our own to the witnesses, who decide beside them', async () => {
      const peers = new Peers(() => ({ ok: false, reason: 'refused' }));
      const { seen } = running$({ registry: new MemoryRegistry(consumers(2)), post: peers.post });
      await advance(1_000);
      // Both are called at once, so that neither can be asked as a witness for the other.
      expect(ofKind('peer.undecided', seen).map(({ uuid }) => uuid)).to.deep.equal(['c0', 'c1']);
      expect(peers.urls.filter((url) => url.endsWith('/sync'))).to.have.length(2);
      const checks = ofKind('peer.checked', seen).map(({ check }) => check);
      expect(new Set(checks.map(({ uuid }) => uuid))).to.deep.equal(new Set(['c0', 'c1']));
      expect(checks.every(({ counted }) => !counted)).to.equal(true);
      expect(ofKind('isolation.began', seen)).to.have.length(1);
    });

    it('take an interval changed by a reload from then on, without one more round at once', async () => {
      const { seen, change } = running$();
      await advance(10_000, 1_000);
      change({ sync: { interval: '20s' } });
      await advance(50_000, 1_000);
      expect(roundStarts(seen)).to.deep.equal([0, 30, 50]);
    });

    it('keep their time where other settings change, and take those with the next round', async () => {
      const { seen, change, peers } = running$();
      await advance(10_000, 1_000);
      change({ sync: { path: '/other' } });
      await advance(50_000, 1_000);
      expect(roundStarts(seen)).to.deep.equal([0, 60]);
      expect(peers.urls.filter((url) => url.includes('1.1.1.0'))).to.deep.equal([
        'http://1.1.1.0/sync',
        'http://1.1.1.0/other',
      ]);
    });
  });

  describe('a newer IP', () => {
    it('aborts what still carries the old one before it is stored', async () => {
      const outbox = new Producers(['p8001', 'p8002']);
      const peers = new Peers(({ body }) => (body.includes(A) ? never() : GOOD));
      const { change } = running$({ outbox, post: peers.post, registry: new MemoryRegistry() });
      await settled();
      const old = toProducers(peers);
      expect(old.map(({ end }) => end)).to.deep.equal([undefined, undefined]);
      const atStoring: unknown[] = [];
      const enqueue = outbox.enqueue.bind(outbox);
      outbox.enqueue = (own) => {
        atStoring.push(...old.map(({ end }) => end));
        return enqueue(own);
      };
      change({ ip: B });
      await settled();
      expect(atStoring).to.deep.equal(['aborted', 'aborted']);
      expect(outbox.enqueued).to.deep.equal([A, B]);
      expect(announced(peers)).to.deep.equal([A, A, B, B]);
    });

    it('the same IP found again disturbs nothing', async () => {
      const peers = new Peers(never);
      const { change, outbox, seen } = running$({ post: peers.post, registry: new MemoryRegistry() });
      await settled();
      change({ network: { allow: ['public', 'private'] } });
      await settled();
      expect(ofKind('ip.confirmed', seen)).to.have.length(2);
      expect(peers.underWay).to.have.length(1);
      expect(outbox.enqueued).to.deep.equal([A]);
    });
  });

  describe('addresses that may be called from now on', () => {
    const lan = (over: object) => consumers(1, { stored: { ip: '10.0.0.1', port: null }, ...over });

    for (const state of [undefined, 'unavailable'] as const) {
      it(`are called at once (${state ?? 'never judged'})`, async () => {
        const registry = new MemoryRegistry(lan({ health: { ...UNCHECKED, state }, checkedAt: 1_000_000 }));
        const { peers, change } = running$({ registry });
        await settled();
        expect(toConsumers(peers)).to.deep.equal([]);
        change({ network: { allow: ['public', 'private'] } });
        await settled();
        expect(toConsumers(peers)).to.have.length(1);
      });

      it(`are called as soon as a round of their lane has ended that was under way (${state ?? 'never judged'})`, async () => {
        const health = { ...UNCHECKED, state };
        const slow = entry('slow', { health });
        const registry = new MemoryRegistry([slow, ...lan({ health, checkedAt: 1_000_000 })]);
        const peers = new Peers(() => after(2_000, GOOD));
        const { change } = running$({ registry, post: peers.post });
        while (toConsumers(peers).length === 0) await advance(500, 500);
        change({ network: { allow: ['public', 'private'] } });
        await advance(2_000, 500);
        await settled();
        expect(toConsumers(peers).map(({ url }) => new URL(url).hostname)).to.include('10.0.0.1');
      });
    }
  });

  describe('an IP that changes too often', () => {
    /** Six changes at once: the last of them is held. */
    const flapping = async (over: Partial<Deps> = {}) => {
      const peers = new Peers(never);
      const given = running$({ post: peers.post, registry: new MemoryRegistry(), ...over });
      await settled();
      for (let n = 2; n <= 7; n += 1) {
        given.change({ ip: `9.9.9.${n}` });
        await settled();
      }
      return { ...given, peers };
    };

    it('is held, and what still carries the one before it is aborted as well', async () => {
      const { seen, peers, outbox } = await flapping();
      expect(ofKind('ip.held', seen).map(({ ip }) => ip)).to.deep.equal(['9.9.9.7']);
      expect(outbox.ip).to.equal('9.9.9.6');
      expect(peers.underWay).to.deep.equal([]);
      const leases = outbox.leases.length;
      await advance(299_000, 1_000);
      expect([outbox.leases.length, outbox.ip]).to.deep.equal([leases, '9.9.9.6']);
    });

    it('is announced once it has stood for five minutes', async () => {
      const { peers, outbox } = await flapping();
      await advance(300_000, 1_000);
      expect(outbox.ip).to.equal('9.9.9.7');
      expect(announced(peers).at(-1)).to.equal('9.9.9.7');
    });

    it('is not waited for on stop', async () => {
      const { followed, stop } = await flapping();
      stop();
      await settled();
      expect(followed.end).to.equal('complete');
    });
  });

  it('delivers what is pending from before where the first poll came to nothing', async () => {
    const outbox = new Producers(['p8001']);
    await outbox.enqueue({ ip: B, agreed: ['dns'] });
    const config$ = new BehaviorSubject(configOf());
    const lookup = () => Promise.resolve({ ok: false as const, reason: 'timeout' as const });
    const ipSources = () => [{ name: 'dns', remote: true, lookup }];
    const { peers, seen } = running$({ outbox, config$, ipSources });
    await settled();
    expect(ofKind('ip.unknown', seen)).to.have.length(1);
    expect(announced(peers)).to.deep.equal([B]);
  });

  it('looks into the outbox at once where Redis has come back, maybe without its data', async () => {
    const redisHealth$ = new BehaviorSubject<RedisHealth>({ up: true });
    const { peers, outbox } = running$({ redisHealth$ });
    await settled();
    redisHealth$.next({ up: false, reason: 'gone' });
    outbox.ip = undefined;
    outbox.dueAt.clear();
    await settled();
    expect(announced(peers)).to.deep.equal([A]);
    redisHealth$.next({ up: true });
    await settled();
    expect(announced(peers)).to.deep.equal([A, A]);
  });

  describe('on stop', () => {
    it('asks for nothing more, and ends once what is in flight has ended and is written', async () => {
      const peers = new Peers(() => after(1_000, GOOD));
      const sink = new MemorySink();
      const given = running$({ post: peers.post, sinks: [sink] });
      const { followed, seen, registry, outbox, stop } = given;
      await advance(500);
      stop();
      const [readings, leases] = [registry.readings.length, outbox.leases.length];
      await advance(499);
      expect(followed.end).to.equal(undefined);
      expect(ofKind('process.stopping', seen)).to.deep.equal([
        { kind: 'process.stopping', at: BEGIN + 500, signal: 'SIGTERM' },
      ]);
      const { flushes } = sink;
      await advance(1);
      expect(followed.end).to.equal('complete');
      expect(sink.flushes).to.equal(flushes + 2);
      expect(kinds(seen)).to.include('peer.checked').and.include('announcement.acknowledged');
      await advance(120_000, 1_000);
      expect(peers.calls).to.have.length(2);
      expect([registry.readings.length, outbox.leases.length]).to.deep.equal([readings, leases]);
    });

    it('polls for the public IP no more', async () => {
      let lookups = 0;
      const lookup = () => {
        lookups += 1;
        return never();
      };
      const ipSources = () => [{ name: 'dns', remote: true, lookup }];
      const { followed, stop } = running$({ ipSources, config$: new BehaviorSubject(configOf()) });
      await settled();
      stop();
      await settled();
      expect(followed.end).to.equal('complete');
      await advance(600_000, 10_000);
      expect(lookups).to.equal(1);
    });

    it('goes on telling that it is alive while what is in flight ends', async () => {
      const peers = new Peers(() => after(12_000, GOOD));
      const { seen, stop } = running$({ post: peers.post }, { sync: { timeout: '30s' } });
      await settled();
      stop();
      await advance(11_000, 500);
      expect(ofKind('heartbeat', seen)).to.have.length(3);
    });

    it('a round is complete where it had begun all there was to do, and cut short where it had not', async () => {
      for (const [concurrency, aborted] of [
        [2, false],
        [1, true],
      ] as const) {
        const peers = new Peers(() => after(1_000, GOOD));
        const registry = new MemoryRegistry(consumers(2));
        const { seen, stop } = running$({ post: peers.post, registry }, { sync: { concurrency } });
        await advance(500);
        stop();
        await advance(1_000);
        expect(ofKind('round.finished', seen)).to.have.length(1);
        expect(ofKind('round.finished', seen)[0]).to.include({ aborted, ok: concurrency });
      }
    });

    it('has the sinks write once more what waits at the end, in their order', async () => {
      const order: string[] = [];
      const caught: SchedulerEvent = { kind: 'redis.caught-up', at: 1, what: 'writing', written: 1 };
      const first = new MemorySink(() => {
        order.push('first');
        return [caught];
      });
      const second = new MemorySink(() => {
        order.push('second');
        return [];
      });
      const { seen, stop } = running$({ sinks: [first, second] });
      await settled();
      const { length } = order;
      stop();
      await settled();
      expect(order.slice(length)).to.deep.equal(['first', 'second']);
      expect(seen.at(-1)).to.equal(caught);
      expect(second.accepted.at(-1)).to.equal(caught);
    });
  });

  it('gives up what is in flight with the kill switch, and writes what waits all the same', async () => {
    const peers = new Peers(never);
    const sink = new MemorySink();
    const { followed, stop, kill } = running$({ post: peers.post, sinks: [sink] });
    await settled();
    stop();
    await settled();
    expect(followed.end).to.equal(undefined);
    const { flushes } = sink;
    kill();
    await settled();
    expect(followed.end).to.equal('complete');
    expect(peers.calls.map(({ end }) => end)).to.deep.equal(['aborted', 'aborted']);
    expect(sink.flushes).to.equal(flushes + 1);
  });

  describe('events', () => {
    it('reach every sink, whatever they come from', async () => {
      const failed: SchedulerEvent = { kind: 'redis.failed', at: 1, what: 'writing', reason: 'away' };
      const sinks = [new MemorySink(() => [failed]), new MemorySink()];
      const { seen, stop } = running$({ sinks });
      await advance(10_000, 250);
      stop();
      await settled();
      expect(kinds(seen)).to.include.members(['heartbeat', 'peer.checked', 'ip.changed', 'redis.failed', 'redis.up']);
      for (const { accepted } of sinks) expect(accepted).to.deep.equal(seen);
    });
  });

  describe('what the code is not prepared for', () => {
    it('in the work ends it with that error, and everything with it', async () => {
      const peers = new Peers(() => Promise.reject(new Error('a bug')));
      const { followed, registry } = running$({ post: peers.post });
      await settled();
      expect(followed).to.have.nested.property('end.error.message', 'a bug');
      const { length } = followed.seen;
      await advance(120_000, 1_000);
      expect([followed.seen.length, registry.readings.length]).to.deep.equal([length, 1]);
    });

    it('in a sink as well', async () => {
      const sink = new MemorySink();
      sink.accept = () => {
        throw new Error('a bug');
      };
      const { followed } = running$({ sinks: [sink] });
      await settled();
      expect(followed).to.have.nested.property('end.error.message', 'a bug');
    });
  });
});
