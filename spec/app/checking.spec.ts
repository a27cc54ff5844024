import { expect } from 'chai';
import { BehaviorSubject, merge, of, ReplaySubject } from 'rxjs';
import { decisions, writeResults } from '#src/app/checking.js';
import type { Deps } from '#src/app/deps.js';
import type { IpAnswer, IpSource } from '#src/domain/ip/source.js';
import type { Scope } from '#src/domain/ip/scope.js';
import type { RegistryEntry } from '#src/domain/peer/peer.js';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UndecidedFailures } from '#src/state/undecided.js';
import { oneAtATime } from '#src/streams/ip/lookUp.js';
import { after, configOf, consumers, fakeDeps, GOOD, MemoryRegistry, never, Peers } from '../support/deps.js';
import { follow, kinds, type Followed } from '../support/follow.js';
import { advance, freeze, settled } from '../support/timers.js';

describe('checking', () => {
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

  describe('written', () => {
    const undecided: SchedulerEvent = { kind: 'peer.undecided', at: 1, lane: 'regular', uuid: 'u', reason: 'timeout' };
    const malformed: SchedulerEvent = {
      kind: 'peer.malformed',
      at: 1,
      peer: 'consumer',
      uuid: 'u',
      error: 'address-invalid',
      detail: 'no ip',
    };

    it('holds a result back until it is written, and nothing else', async () => {
      const settle = () => after(10, []);
      const deps = fakeDeps({ writeBack: { settle } });
      const followed = follow(of(undecided, malformed, undecided).pipe(writeResults(deps)));
      await settled();
      expect(followed.seen).to.deep.equal([undecided]);
      await advance(10);
      expect(followed.seen).to.deep.equal([undecided, malformed, undecided]);
    });

    it('lets an isolation begin and end at once, so that an end is never told before the beginning', async () => {
      const scope: Scope = 'public IPv6';
      const began: SchedulerEvent = { kind: 'isolation.began', at: 1, scope, peers: 2 };
      const ended: SchedulerEvent = { kind: 'isolation.ended', at: 1, scope };
      const deps = fakeDeps({ writeBack: { settle: () => after(10, []) } });
      const decided$ = of(malformed, began).pipe(writeResults(deps));
      const checked$ = of(ended).pipe(writeResults(deps));
      const followed = follow(merge(decided$, checked$));
      await advance(10);
      expect(followed.seen).to.deep.equal([began, ended, malformed]);
    });

    it('tells what the writing came to before the result', async () => {
      const failed: SchedulerEvent = { kind: 'redis.failed', at: 1, what: 'writing verdicts', reason: 'away' };
      const deps = fakeDeps({ writeBack: { settle: () => Promise.resolve([failed]) } });
      const followed = follow(of(malformed).pipe(writeResults(deps)));
      await settled();
      expect(followed.seen).to.deep.equal([failed, malformed]);
    });
  });

  describe('decisions', () => {
    const V4: Scope = 'public IPv4';
    const LAN: Scope = 'RFC 1918';

    /** A book with these consumers, and failures of some of them that wait to be decided. */
    function deciding(entries: readonly RegistryEntry[], over: Partial<Deps> = {}, untilEmpty = false) {
      const book = new PeerBook(['public', 'private']);
      for (const one of entries) book.remember(one, 1);
      const undecided = new UndecidedFailures(() => Date.now());
      const stop$ = new ReplaySubject<string>(1);
      const config$ = new BehaviorSubject(configOf({ network: { allow: ['public', 'private'] } }));
      const fail = (uuid: string, scope = V4): void => {
        const entry = entries.find((one) => one.uuid === uuid);
        if (entry === undefined) throw new Error(`no ${uuid}`);
        book.reserve(uuid);
        undecided.add(scope, { entry, lane: 'regular', at: Date.now(), outcome: { ok: false, reason: 'timeout' } });
      };
      const registry = new MemoryRegistry(entries);
      const deps = fakeDeps({ book, registry, undecided, stop$, config$, ...over });
      const start = (): Followed<SchedulerEvent> => {
        const followed = follow(decisions(deps, untilEmpty));
        running.push(followed);
        return followed;
      };
      return { deps, fail, start, stop$, config$ };
    }
    const checksIn = ({ seen }: Followed<SchedulerEvent>) =>
      seen.filter((event): event is EventOf<'peer.checked'> => event.kind === 'peer.checked').map(({ check }) => check);
    const lan = (uuid: string, n: number) => consumers(1, { uuid, stored: { ip: `10.0.0.${n}`, port: null } });

    it('asks a witness: where that answers, the failure counts', async () => {
      const peers = new Peers();
      const { fail, start } = deciding(consumers(2), { post: peers.post });
      const followed = start();
      fail('c0');
      await settled();
      expect(peers.urls).to.deep.equal(['http://1.1.1.1/sync']);
      expect(checksIn(followed)).to.have.length(2);
      expect(checksIn(followed).find(({ uuid }) => uuid === 'c0')).to.include({ counted: true, state: 'suspect' });
    });

    it('where nobody answers, it does not count, and we are isolated', async () => {
      const { fail, start } = deciding(consumers(2), { post: new Peers(never).post });
      const followed = start();
      fail('c0');
      await advance(5_000);
      expect(checksIn(followed).map(({ uuid, counted }) => [uuid, counted])).to.deep.equal([
        ['c1', false],
        ['c0', false],
      ]);
      expect(followed.seen.find(({ kind }) => kind === 'isolation.began')).to.include({ scope: V4 });
    });

    it('writes a result before it tells it', async () => {
      const settle = () => after(10, []);
      const { fail, start } = deciding(consumers(1), { writeBack: { settle } });
      const followed = start();
      fail('c0');
      await settled();
      expect(followed.seen).to.deep.equal([]);
      await advance(10);
      expect(followed.seen[0]).to.include({ kind: 'peer.checked' });
    });

    it('takes the settings of the moment', async () => {
      const peers = new Peers();
      const { fail, start, config$ } = deciding(consumers(2), { post: peers.post });
      start();
      config$.next(configOf({ sync: { path: '/other' } }));
      fail('c0');
      await settled();
      expect(peers.urls).to.deep.equal(['http://1.1.1.1/other']);
    });

    it('a question in one scope holds up none in another', async () => {
      const entries = [...consumers(2), ...lan('l0', 0), ...lan('l1', 1)];
      const peers = new Peers(({ url }) => (url.includes('10.0.0.1') ? never() : GOOD));
      const { fail, start } = deciding(entries, { post: peers.post });
      const followed = start();
      fail('l0', LAN);
      fail('c0', V4);
      await settled();
      expect(checksIn(followed).map(({ uuid }) => uuid)).to.have.members(['c1', 'c0']);
    });

    it('polls the public IP where there are too few witnesses, and an answer is evidence', async () => {
      const lookups: string[] = [];
      const source = (name: string, remote: boolean): IpSource => ({
        name,
        remote,
        lookup: () => {
          lookups.push(name);
          return Promise.resolve({ ok: true, ip: '9.9.9.9' });
        },
      });
      const busy: IpSource = { ...source('busy', true), lookup: never };
      const ipSources = () => [source('eth0', false), busy, source('dns', true), source('https', true)];
      const { deps, fail, start } = deciding(consumers(1), { ipSources });
      oneAtATime(deps.lookUps, () => 0)(busy, undefined).subscribe();
      const followed = start();
      fail('c0');
      await settled();
      expect(lookups).to.deep.equal(['dns']);
      expect(kinds(followed.seen)).to.deep.equal(['ip.polled', 'peer.checked']);
      expect(checksIn(followed)[0]).to.include({ uuid: 'c0', counted: true });
    });

    it('polls no source that asked to be left alone', async () => {
      let lookups = 0;
      const lookup = (): Promise<IpAnswer> => {
        lookups += 1;
        return Promise.resolve({ ok: false, reason: 'http-429', retryAfterMs: 3_600_000 });
      };
      const ipSources = () => [{ name: 'dns', remote: true, lookup }];
      const { fail, start } = deciding(consumers(1), { ipSources });
      const followed = start();
      fail('c0');
      await settled();
      expect(lookups).to.equal(1);
      fail('c0');
      await advance(1_000);
      expect(lookups).to.equal(1);
      expect(checksIn(followed).map(({ counted }) => counted)).to.deep.equal([false, false]);
    });

    it('waits for the answer of a source that is being asked already', async () => {
      const answer = after(300, { ok: true as const, ip: '9.9.9.9' });
      const source: IpSource = { name: 'dns', remote: true, lookup: () => answer };
      const { deps, fail, start } = deciding(consumers(1), { ipSources: () => [source] });
      oneAtATime(deps.lookUps, () => 0)(source, undefined).subscribe();
      const followed = start();
      fail('c0');
      await advance(299);
      expect(followed.seen).to.deep.equal([]);
      await advance(1);
      expect(followed.seen[0]).to.include({ kind: 'ip.polled', source: 'dns', result: 'ok' });
      expect(checksIn(followed)[0]).to.include({ uuid: 'c0', counted: true });
    });

    it('the poll ends an isolation where it is answered', async () => {
      const lookup = () => Promise.resolve({ ok: true as const, ip: '9.9.9.9' });
      const ipSources = () => [{ name: 'dns', remote: true, lookup }];
      const { deps, fail, start } = deciding(consumers(1), { ipSources });
      deps.evidence.recordSilence(V4, 2);
      const followed = start();
      fail('c0');
      await settled();
      expect(kinds(followed.seen)).to.have.members(['ip.polled', 'isolation.ended', 'peer.checked']);
    });

    it('a poll without an answer is no evidence', async () => {
      const lookup = () => Promise.resolve({ ok: false as const, reason: 'timeout' as const });
      const ipSources = () => [{ name: 'dns', remote: true, lookup }];
      const { fail, start } = deciding(consumers(1), { ipSources });
      const followed = start();
      fail('c0');
      await settled();
      expect(kinds(followed.seen)).to.deep.equal(['ip.polled', 'isolation.began', 'peer.checked']);
      expect(checksIn(followed)[0]).to.include({ uuid: 'c0', counted: false });
    });

    it('goes on for as long as it is not to stop; then what is asked already is decided', async () => {
      const peers = new Peers(() => after(100, GOOD));
      const { fail, start, stop$ } = deciding(consumers(2), { post: peers.post });
      const followed = start();
      await advance(10_000);
      expect(followed.end).to.equal(undefined);
      fail('c0');
      await advance(50);
      stop$.next('SIGTERM');
      await advance(49);
      expect(followed.end).to.equal(undefined);
      await advance(1);
      expect(checksIn(followed)).to.have.length(2);
      expect(followed.end).to.equal('complete');
    });

    it('ends once nothing waits, where that is wanted', async () => {
      const { fail, start } = deciding(consumers(2), {}, true);
      fail('c0');
      const followed = start();
      await settled();
      expect(checksIn(followed)).to.have.length(2);
      expect(followed.end).to.equal('complete');
    });
  });
});
