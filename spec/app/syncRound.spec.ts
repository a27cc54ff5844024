import { expect } from 'chai';
import { ReplaySubject } from 'rxjs';
import type { Deps } from '#src/app/deps.js';
import { syncRound } from '#src/app/syncRound.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import type { Lane, RegistryEntry } from '#src/domain/peer/peer.js';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { PeerBook } from '#src/state/peerBook.js';
import { after, BUSY, configOf, consumers, fakeDeps, GOOD, MemoryRegistry, never, Peers, US } from '../support/deps.js';
import { follow, kinds, type Followed } from '../support/follow.js';
import { advance, freeze, settled } from '../support/timers.js';
import { hostWith } from '../support/hostAddresses.js';

describe('syncRound', () => {
  const health = { ...UNCHECKED, state: 'unavailable' as const };
  let timers: ReturnType<typeof freeze>;
  let rounds: Followed<SchedulerEvent>[];

  beforeEach(() => {
    timers = freeze();
    rounds = [];
  });
  afterEach(() => {
    for (const { leave } of rounds) leave();
    timers.release();
  });

  interface Given {
    readonly deps: Partial<Deps> & { readonly allStarted?: () => void };
    readonly lane: Lane;
    readonly keys: object;
    readonly everyMs: number;
  }

  /** One round, followed. */
  const round = (peers: Peers, registry: MemoryRegistry, over: Partial<Given> = {}): Followed<SchedulerEvent> => {
    const deps = { ...fakeDeps({ registry, post: peers.post }), ...over.deps };
    const followed = follow(syncRound(deps, over.lane ?? 'regular', 1, configOf(over.keys), over.everyMs));
    rounds.push(followed);
    return followed;
  };
  const checksIn = (events: readonly SchedulerEvent[]) =>
    events.filter((event): event is EventOf<'peer.checked'> => event.kind === 'peer.checked').map(({ check }) => check);

  describe('over the registry', () => {
    it('calls every consumer once, never more at once than there are workers', async () => {
      const peers = new Peers(({ url }) => after(url.length, GOOD));
      const { seen } = round(peers, new MemoryRegistry(consumers(100)), { keys: { sync: { concurrency: 7 } } });
      await advance(1_000, 5);
      expect(new Set(peers.urls).size).to.equal(100);
      expect(peers.calls).to.have.length(100);
      expect(peers.most).to.equal(7);
      expect(checksIn(seen)).to.have.length(100);
    });

    it('ends once all is done, and with nothing to do at once', async () => {
      const busy = round(new Peers(() => after(10, GOOD)), new MemoryRegistry(consumers(1)));
      const idle = round(new Peers(), new MemoryRegistry());
      await settled();
      expect([busy.end, idle.end]).to.deep.equal([undefined, 'complete']);
      await advance(10);
      expect(busy.end).to.equal('complete');
    });

    it('never calls ourselves', async () => {
      const peers = new Peers();
      round(
        peers,
        new MemoryRegistry([
          ...consumers(1, { uuid: US.toUpperCase(), stored: { ip: '1.1.2.1', port: null } }),
          ...consumers(1),
        ]),
      );
      await settled();
      expect(peers.urls).to.deep.equal(['http://1.1.1.0/sync']);
    });

    it('calls no address of a class that is not allowed', async () => {
      const lan = new MemoryRegistry(consumers(1, { stored: { ip: '10.0.0.1', port: null } }));
      const [barred, allowed] = [new Peers(), new Peers()];
      const { seen } = round(barred, lan);
      const keys = { network: { allow: ['private'] } };
      round(allowed, lan, { keys, deps: { book: new PeerBook(['private']) } });
      await settled();
      expect(barred.urls).to.deep.equal([]);
      expect(kinds(seen)).to.deep.equal(['peer.malformed', 'redis.worked']);
      expect(allowed.urls).to.deep.equal(['http://10.0.0.1/sync']);
    });

    it('a consumer that never answers fails at the deadline, and holds up nobody but its own worker', async () => {
      const peers = new Peers(({ url }) => (url.includes('1.1.1.0') ? never() : GOOD));
      const keys = { sync: { concurrency: 2, timeout: '3s' } };
      const { seen } = round(peers, new MemoryRegistry(consumers(10)), { keys });
      await advance(2_999);
      expect(checksIn(seen).map(({ uuid }) => uuid)).to.have.length(9);
      await advance(1);
      expect(checksIn(seen).at(-1)).to.deep.include({ uuid: 'c0', outcome: { ok: false, reason: 'timeout' } });
      expect(peers.calls[0]?.end).to.equal('aborted');
    });

    it('tells what Redis failed at on the way, and goes on over the last known consumers', async () => {
      const registry = new MemoryRegistry();
      const book = new PeerBook(['public']);
      for (const one of consumers(3)) book.remember(one, 0);
      registry.away = true;
      const { seen } = round(new Peers(), registry, { deps: { book } });
      await settled();
      expect(kinds(seen)).to.deep.equal(['redis.failed', 'peer.checked', 'peer.checked', 'peer.checked']);
      expect(seen[0]).to.include({ what: 'reading the registry', reason: 'away' });
    });
  });

  describe('writes', () => {
    it('writes each result before it tells it and before the worker goes on', async () => {
      let written = (): void => undefined;
      const settle = () =>
        new Promise<[]>(
          (resolve) =>
            (written = () => {
              resolve([]);
            }),
        );
      const peers = new Peers();
      const book = new PeerBook(['public']);
      const { seen } = round(peers, new MemoryRegistry(consumers(2)), {
        deps: { book, writeBack: { settle } },
        keys: { sync: { concurrency: 1 } },
      });
      await advance(60_000);
      expect(book.unwrittenCount).to.equal(1);
      expect([seen.length, peers.calls.length]).to.deep.equal([0, 1]);
      written();
      await settled();
      expect([seen.length, peers.calls.length]).to.deep.equal([1, 2]);
    });

    it('a slow write holds up the pulling: no queue grows', async () => {
      const registry = new MemoryRegistry(consumers(60), { pageSize: 5 });
      const peers = new Peers();
      let [ahead, written] = [0, 0];
      const settle = async () => {
        ahead = Math.max(ahead, peers.calls.length - written);
        await after(10, undefined);
        written += 1;
        return [];
      };
      const followed = round(peers, registry, { deps: { writeBack: { settle } }, keys: { sync: { concurrency: 4 } } });
      await advance(20, 1);
      expect(written).to.equal(8);
      expect(registry.readings).to.have.length(3);
      await advance(200, 1);
      expect(followed.end).to.equal('complete');
      expect([written, ahead]).to.deep.equal([60, 4]);
    });

    it('a write that fails is told once, and the round goes on', async () => {
      const failed: SchedulerEvent = { kind: 'redis.failed', at: 1, what: 'writing verdicts', reason: 'away' };
      const results = [[failed]];
      const settle = () => Promise.resolve(results.shift() ?? []);
      const followed = round(new Peers(), new MemoryRegistry(consumers(3)), {
        deps: { writeBack: { settle } },
        keys: { sync: { concurrency: 1 } },
      });
      await settled();
      expect(kinds(followed.seen).slice(0, 4)).to.deep.equal([
        'redis.failed',
        'peer.checked',
        'peer.checked',
        'peer.checked',
      ]);
      expect(followed.end).to.equal('complete');
    });
  });

  describe('when it is to stop', () => {
    it('pulls nothing more, and ends once what is in flight has ended and is written', async () => {
      const stop$ = new ReplaySubject<string>(1);
      const registry = new MemoryRegistry(consumers(20), { pageSize: 5 });
      const peers = new Peers(() => after(100, GOOD));
      const settle = () => after(50, []);
      const followed = round(peers, registry, {
        deps: { stop$, writeBack: { settle } },
        keys: { sync: { concurrency: 3 } },
      });
      await advance(50);
      stop$.next('SIGTERM');
      await advance(99);
      expect([followed.seen.length, followed.end]).to.deep.equal([0, undefined]);
      await advance(1);
      expect(kinds(followed.seen)).to.deep.equal(['peer.checked', 'peer.checked', 'peer.checked']);
      expect(followed.end).to.equal('complete');
      expect(peers.calls).to.have.length(3);
      expect(registry.readings).to.deep.equal(['page']);
    });

    it('begins nothing where it was to stop before', async () => {
      const stop$ = new ReplaySubject<string>(1);
      stop$.next('SIGTERM');
      const registry = new MemoryRegistry(consumers(1));
      const followed = round(new Peers(), registry, { deps: { stop$ } });
      await settled();
      expect([followed.end, registry.readings]).to.deep.equal(['complete', []]);
    });

    /** Whether a round that is to stop after so long has run dry. */
    const allStarted = async (count: number, concurrency: number, stopAfterMs: number, sync = {}): Promise<boolean> => {
      let dry = false;
      const stop$ = new ReplaySubject<string>(1);
      const peers = new Peers(() => after(100, GOOD));
      const followed = round(peers, new MemoryRegistry(consumers(count)), {
        deps: { stop$, allStarted: () => (dry = true) },
        keys: { sync: { concurrency, ...sync } },
      });
      await advance(stopAfterMs);
      stop$.next('SIGTERM');
      await advance(1_000);
      expect(followed.end).to.equal('complete');
      return dry;
    };

    it('has run dry where all that there is had begun, done or not', async () => {
      expect(await allStarted(0, 4, 50), 'nothing to do').to.equal(true);
      expect(await allStarted(3, 4, 500), 'all done').to.equal(true);
      expect(await allStarted(3, 4, 50), 'fewer than workers').to.equal(true);
      expect(await allStarted(4, 4, 50), 'as many as workers').to.equal(true);
      expect(await allStarted(5, 4, 150), 'the last one').to.equal(true);
      expect(await allStarted(2, 1, 150), 'the last one of the only worker').to.equal(true);
    });

    it('has not where there was more to begin', async () => {
      expect(await allStarted(3, 2, 50)).to.equal(false);
      expect(await allStarted(1_000, 2, 250)).to.equal(false);
    });

    it('has not where the last one was still waiting for its turn', async () => {
      const spread = { interval: '10s', spread: 0.5 };
      expect(await allStarted(2, 4, 2_000, spread)).to.equal(false);
      expect(await allStarted(2, 4, 2_500, spread)).to.equal(true);
    });

    it('does not wait for Redis to tell whether there was more', async () => {
      let dry = false;
      const stop$ = new ReplaySubject<string>(1);
      const registry = new MemoryRegistry(consumers(2), { pageSize: 1 });
      const followed = round(new Peers(() => after(100, GOOD)), registry, {
        deps: { stop$, allStarted: () => (dry = true) },
        keys: { sync: { concurrency: 1 } },
      });
      await settled();
      registry.silent = true;
      stop$.next('SIGTERM');
      await advance(100);
      expect([followed.end, dry]).to.deep.equal(['complete', false]);
    });

    it('does not wait for Redis to count the consumers either', async () => {
      const stop$ = new ReplaySubject<string>(1);
      const registry = new MemoryRegistry(consumers(1));
      registry.silent = true;
      const followed = round(new Peers(), registry, { deps: { stop$ }, keys: { sync: { spread: 0.5 } } });
      await settled();
      stop$.next('SIGTERM');
      expect([followed.end, registry.readings]).to.deep.equal(['complete', ['count']]);
    });
  });

  describe('spread over its share of the interval', () => {
    const keys = { sync: { interval: '10s', spread: 0.5 } };
    const begin = 1_000_000;
    const startsOf = ({ calls }: Peers) => calls.map(({ at }) => at - begin);

    it('paces the calls by the number of consumers', async () => {
      const peers = new Peers();
      round(peers, new MemoryRegistry(consumers(5)), { keys });
      await advance(10_000, 100);
      expect(startsOf(peers)).to.deep.equal([0, 1_000, 2_000, 3_000, 4_000]);
    });

    it('goes by the last known number where Redis can’t count', async () => {
      const peers = new Peers();
      const registry = new MemoryRegistry(consumers(3));
      registry.count = () => Promise.reject(new Error('away'));
      const book = new PeerBook(['public']);
      for (const one of consumers(2)) book.remember(one, 0);
      round(peers, registry, { deps: { book }, keys });
      await advance(10_000, 100);
      expect(startsOf(peers)).to.deep.equal([0, 2_500, 5_000]);
    });

    it('paces no rechecks, and nothing where no spread is wanted', async () => {
      const book = new PeerBook(['public']);
      const entries = consumers(3, { health });
      for (const one of entries) book.remember(one, 0);
      const [rechecked, plain] = [new Peers(), new Peers()];
      const registry = new MemoryRegistry(consumers(3));
      round(rechecked, new MemoryRegistry(entries), { lane: 'unavailable', deps: { book }, keys });
      round(plain, registry);
      await settled();
      expect([rechecked.calls.length, plain.calls.length]).to.deep.equal([3, 3]);
      expect(registry.readings).to.deep.equal(['page']);
    });
  });

  describe('of a lane that rechecks', () => {
    const known = (over: { checkedAt: number; count?: number }) => {
      const entries = consumers(over.count ?? 1, { health, checkedAt: over.checkedAt });
      const book = new PeerBook(['public']);
      for (const one of entries) book.remember(one, 0);
      return { registry: new MemoryRegistry(entries), book };
    };

    it('reads and calls only those whose last check is as old as the settings say', async () => {
      const keys = { sync: { unavailable: { interval: '60s' } } };
      const [old, young] = [known({ checkedAt: 1_000_000 - 60_000 }), known({ checkedAt: 1_000_000 - 59_999 })];
      const [late, early] = [new Peers(), new Peers()];
      round(late, old.registry, { lane: 'unavailable', deps: { book: old.book }, keys });
      round(early, young.registry, { lane: 'unavailable', deps: { book: young.book }, keys });
      await settled();
      expect(late.calls).to.have.length(1);
      expect(old.registry.readings).to.deep.equal(['read c0']);
      expect(early.calls).to.have.length(0);
      expect(young.registry.readings).to.deep.equal([]);
    });

    it('takes another age where one is given: the sync command checks all that were not checked since it began', async () => {
      const { registry, book } = known({ checkedAt: 1_000_000 - 500 });
      const [all, none] = [new Peers(), new Peers()];
      round(none, registry, { lane: 'unavailable', deps: { book }, everyMs: 501 });
      await settled();
      round(all, registry, { lane: 'unavailable', deps: { book }, everyMs: 500 });
      await settled();
      expect([none.calls.length, all.calls.length]).to.deep.equal([0, 1]);
    });

    it('has workers of its own', async () => {
      const { registry, book } = known({ checkedAt: 0, count: 10 });
      const peers = new Peers(never);
      const keys = { sync: { concurrency: 7, unavailable: { concurrency: 2 } } };
      round(peers, registry, { lane: 'unavailable', deps: { book }, keys });
      await settled();
      expect(peers.underWay).to.have.length(2);
    });
  });

  describe('a failure of the only consumer there is', () => {
    /** Whether it counts: it does where nobody could testify that we are online. */
    const counts = async (publicIp: object): Promise<boolean | undefined> => {
      const { seen } = round(new Peers(() => ({ ok: false, reason: 'refused' })), new MemoryRegistry(consumers(1)), {
        keys: { publicIp },
      });
      await settled();
      return seen.some(({ kind }) => kind === 'peer.undecided') ? false : checksIn(seen)[0]?.counted;
    };

    it('does not count while a source that is asked over the line could testify, and has not', async () => {
      expect(await counts({ sources: ['dns'] })).to.equal(false);
      expect(await counts({ sources: [{ url: 'https://ip.example/' }] })).to.equal(false);
      expect(await counts({ sources: [{ interface: 'eth0' }, 'https'] })).to.equal(false);
    });

    it('counts where no source could', async () => {
      expect(await counts({ sources: [{ interface: 'eth0' }] })).to.equal(true);
      expect(await counts({ override: '9.9.9.9' })).to.equal(true);
    });
  });

  describe('at the end', () => {
    it('of a whole reading, it tells that the registry can be read; after another one, or of a recheck, it does not', async () => {
      const worked = ({ seen }: Followed<SchedulerEvent>) => kinds(seen).filter((kind) => kind === 'redis.worked');
      const book = new PeerBook(['public']);
      for (const one of consumers(1, { health })) book.remember(one, 1);
      const [away, registry] = [new MemoryRegistry(), new MemoryRegistry(consumers(1, { health }))];
      away.away = true;
      const whole = round(new Peers(), new MemoryRegistry(consumers(1)));
      const failed = round(new Peers(), away);
      const recheck = round(new Peers(), registry, { lane: 'unavailable', deps: { book } });
      await settled();
      expect([worked(whole).length, worked(failed).length, worked(recheck).length]).to.deep.equal([1, 0, 0]);
      expect(recheck.end).to.equal('complete');
    });

    it('it tells which address family this host was found to miss, once', async () => {
      const families = new HostFamilies(() => hostWith(['IPv4']));
      families.reportMissing('IPv6');
      const registry = new MemoryRegistry(consumers(2, { stored: { ip: '2606:4700::1111', port: null } }));
      const [first, second] = [0, 1].map(() => round(new Peers(), registry, { deps: { families } }));
      await settled();
      const missing = (one?: Followed<SchedulerEvent>) => one?.seen.filter((event) => event.kind === 'family.missing');
      expect(missing(first)).to.deep.equal([{ kind: 'family.missing', at: 1_000_000, family: 'IPv6', peers: 2 }]);
      expect(missing(second)).to.deep.equal([]);
    });
  });

  it('lends the workers of the regular lane to the pending one where no consumer has been judged yet', async () => {
    const keys = { sync: { concurrency: 5, pending: { concurrency: 2 } } };
    const underWay = async (others: readonly RegistryEntry[]): Promise<number> => {
      const entries = consumers(10, { health: UNCHECKED, checkedAt: 0 });
      const book = new PeerBook(['public']);
      for (const one of [...entries, ...others]) book.remember(one, 1);
      const peers = new Peers(never);
      round(peers, new MemoryRegistry(entries), { lane: 'pending', deps: { book }, keys });
      await settled();
      return peers.underWay.length;
    };
    expect(await underWay([])).to.equal(7);
    expect(await underWay(consumers(1, { uuid: 'judged' }))).to.equal(2);
  });

  it('judges by the rules of the configuration', async () => {
    const answers = new Peers(() => BUSY);
    const { seen } = round(answers, new MemoryRegistry(consumers(1)), { keys: { availability: { fall: 1 } } });
    await settled();
    expect(checksIn(seen)[0]).to.include({ state: 'unavailable', counted: true });
  });

  it('an unsubscription aborts what is in flight', async () => {
    const peers = new Peers(never);
    const { leave } = round(peers, new MemoryRegistry(consumers(2)));
    await settled();
    leave();
    expect(peers.calls.map(({ end }) => end)).to.deep.equal(['aborted', 'aborted']);
  });

  it('what the code is not prepared for ends the round', async () => {
    const peers = new Peers(() => Promise.reject(new Error('a bug')));
    const followed = round(peers, new MemoryRegistry(consumers(1)));
    await settled();
    expect(followed.end).to.have.nested.property('error.message', 'a bug');
  });
});
