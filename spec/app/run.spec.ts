import { expect } from 'chai';
import { EMPTY, of, Subject } from 'rxjs';
import type { Io, Parts } from '#src/app/deps.js';
import { run } from '#src/app/run.js';
import type { SchedulerEvent } from '#src/events.js';
import type { ConfigChange } from '#src/sources/configFile.js';
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
} from '../support/deps.js';
import { kinds } from '../support/follow.js';
import { advance, freeze, settled } from '../support/timers.js';

describe('run', () => {
  const BEGIN = 1_000_000;
  let timers: ReturnType<typeof freeze>;

  beforeEach(() => {
    timers = freeze();
  });
  afterEach(() => {
    timers.release();
  });

  /** The process over fakes: one consumer, and an override for the IP. */
  function running(over: { keys?: object; parts?: Partial<Parts>; io?: Partial<Io> } = {}) {
    const keysOf = (keys: object) => ({ sync: { timeout: '5m' }, publicIp: { override: '9.9.9.9' }, ...keys });
    const sink = new MemorySink();
    const signal$ = new Subject<string>();
    const configChange$ = new Subject<ConfigChange>();
    const parts = fakeDeps({ registry: new MemoryRegistry(consumers(1)), sinks: [sink], ...over.parts });
    const io: Io = {
      signal$,
      configChange$,
      companion$: EMPTY,
      setLog: () => undefined,
      ...over.io,
    };
    const process: { end: 'resolved' | { readonly error: unknown } | undefined } = { end: undefined };
    void run(configOf(keysOf(over.keys ?? {})), parts, io).then(
      () => (process.end = 'resolved'),
      (error: unknown) => (process.end = { error }),
    );
    return {
      process,
      sink,
      events: sink.accepted,
      reload: (keys: object) => {
        configChange$.next({ ok: true, config: configOf(keysOf(keys)) });
      },
      signal: (name = 'SIGTERM') => {
        signal$.next(name);
      },
    };
  }
  const ofKind = (kind: SchedulerEvent['kind'], events: readonly SchedulerEvent[]) =>
    events.filter((event) => event.kind === kind);

  it('works until the first signal, lets what is in flight end, and resolves then', async () => {
    const peers = new Peers(() => after(3_000, GOOD));
    const { process, events, signal } = running({ parts: { post: peers.post } });
    await advance(1_000);
    expect(process.end).to.equal(undefined);
    signal();
    await advance(1_999);
    expect(process.end).to.equal(undefined);
    await advance(1);
    expect(process.end).to.equal('resolved');
    expect(ofKind('peer.checked', events)).to.have.length(1);
    expect(ofKind('process.stopping', events)).to.deep.equal([
      { kind: 'process.stopping', at: BEGIN + 1_000, signal: 'SIGTERM' },
    ]);
  });

  it('resolves at once where the signal comes before Redis', async () => {
    const peers = new Peers();
    const pingRedis = () => Promise.reject(new Error('away'));
    const { process, signal } = running({ parts: { pingRedis, post: peers.post } });
    await settled();
    signal();
    await settled();
    expect(process.end).to.equal('resolved');
    expect(peers.calls).to.deep.equal([]);
  });

  describe('gives up what is in flight', () => {
    it('once shutdown.grace is over, and has what waits written', async () => {
      const peers = new Peers(never);
      const { process, sink, signal } = running({ parts: { post: peers.post }, keys: { shutdown: { grace: '7s' } } });
      await settled();
      signal();
      await advance(6_999);
      expect(process.end).to.equal(undefined);
      const { flushes } = sink;
      await advance(1);
      expect(process.end).to.equal('resolved');
      expect(peers.calls[0]?.end).to.equal('aborted');
      expect(sink.flushes).to.be.greaterThan(flushes);
    });

    it('after a grace that a reload has changed', async () => {
      const { process, signal, reload } = running({ parts: { post: new Peers(never).post } });
      await settled();
      reload({ shutdown: { grace: '2s' } });
      signal();
      await advance(1_999);
      expect(process.end).to.equal(undefined);
      await advance(1);
      expect(process.end).to.equal('resolved');
    });

    it('after the grace that was in force at the signal', async () => {
      const { process, signal, reload } = running({
        parts: { post: new Peers(never).post },
        keys: { shutdown: { grace: '2s' } },
      });
      await settled();
      signal();
      await advance(1_000);
      reload({ shutdown: { grace: '1h' } });
      await advance(1_000);
      expect(process.end).to.equal('resolved');
    });
  });

  it('tells the first signal only', async () => {
    const { events, signal } = running({ parts: { post: new Peers(never).post } });
    await settled();
    signal('SIGINT');
    signal('SIGTERM');
    await settled();
    expect(ofKind('process.stopping', events)).to.have.length(1);
  });

  it('rejects with an error that it can’t survive', async () => {
    const peers = new Peers(() => Promise.reject(new Error('a bug')));
    const { process } = running({ parts: { post: peers.post } });
    await settled();
    expect(process).to.have.nested.property('end.error.message', 'a bug');
  });

  it('begins with the first answer of Redis, and pings no more after the end', async () => {
    let pings = 0;
    let away = true;
    const pingRedis = () => {
      pings += 1;
      return away ? Promise.reject(new Error('away')) : Promise.resolve();
    };
    const peers = new Peers();
    const { process, events, signal } = running({ parts: { pingRedis, post: peers.post } });
    await advance(2_000, 50);
    expect(peers.calls).to.deep.equal([]);
    expect(ofKind('redis.down', events)).to.deep.equal([{ kind: 'redis.down', at: BEGIN + 250, reason: 'away' }]);
    away = false;
    await advance(250, 50);
    expect(peers.calls).to.have.length(1);
    signal();
    await settled();
    expect(process.end).to.equal('resolved');
    const asked = pings;
    await advance(10_000, 250);
    expect(pings).to.equal(asked);
  });

  it('pings once for all who want to know', async () => {
    let pings = 0;
    const pingRedis = () => {
      pings += 1;
      return Promise.resolve();
    };
    running({ parts: { pingRedis } });
    await settled();
    expect(pings).to.equal(1);
  });

  it('follows the configuration, and hands on what is told of it and of what runs beside', async () => {
    const levels: string[] = [];
    const down: SchedulerEvent = { kind: 'redis.down', at: 1, reason: 'the embedded one' };
    const { events, reload } = running({ io: { companion$: of(down), setLog: ({ level }) => levels.push(level) } });
    await settled();
    reload({ log: { level: 'debug' } });
    await settled();
    expect(levels).to.deep.equal(['info', 'debug']);
    expect(ofKind('config.reloaded', events)).to.deep.equal([
      { kind: 'config.reloaded', at: BEGIN, changed: ['log.level'] },
    ]);
    expect(events).to.include(down);
    expect(kinds(events)).to.include('round.finished');
  });
});
