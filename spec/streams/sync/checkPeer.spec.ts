import { expect } from 'chai';
import { concatMap, map, type Observable } from 'rxjs';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import type { Reply } from '#src/domain/call/http.js';
import type { FailureReason } from '#src/domain/call/reasons.js';
import type { PeerHealth, PeerAddress, RegistryEntry } from '#src/domain/peer/peer.js';
import { PeerBook } from '#src/state/peerBook.js';
import type { SchedulerEvent, CheckRecord } from '#src/events.js';
import type { AddressClass } from '#src/domain/ip/address.js';
import type { Family } from '#src/domain/ip/scope.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { UndecidedFailures } from '#src/state/undecided.js';
import { checkPeer, type CheckOptions } from '#src/streams/sync/checkPeer.js';
import { virtualClock } from '../../support/clock.js';
import { entry } from '../../support/entries.js';
import { marbles, type Marbles } from '../../support/marbles.js';
import { ALL } from '../../support/shares.js';
import { hostWith } from '../../support/hostAddresses.js';

describe('checkPeer', () => {
  const good: Reply = { ok: true, status: 200, body: '' };
  const failed = (reason: 'refused' | 'http-500' | 'redirect'): Reply => ({ ok: false, reason });
  const available: PeerHealth = { state: 'available', failures: 0, successes: 1, countedGeneration: 0 };

  interface Setting {
    readonly peers?: readonly RegistryEntry[];
    readonly online?: boolean;
    readonly polled?: boolean;
    readonly epoch?: () => number;
    readonly timeoutMs?: number;
    readonly families?: readonly Family[];
    readonly loopback?: readonly Family[];
    readonly allow?: readonly AddressClass[];
    readonly role?: 'witness';
  }

  /** A book with these peers, and the check over it. */
  function world({ scheduler }: Marbles, request: (to: PeerAddress) => Observable<Reply>, setting: Setting = {}) {
    const {
      peers = [entry('a')],
      online = true,
      polled = true,
      epoch,
      timeoutMs = 5,
      role,
      allow = ['public'],
    } = setting;
    const book = new PeerBook(allow);
    for (const peer of peers) book.remember(peer, 1);
    const evidence = new OnlineEvidence();
    if (online) evidence.recordAnswer('public IPv4');
    const clock = virtualClock(scheduler, epoch);
    const undecided = new UndecidedFailures(clock.steady);
    const families = new HostFamilies(() => hostWith(setting.families ?? ['IPv4', 'IPv6'], setting.loopback));
    const options: CheckOptions = {
      book,
      shares: ALL,
      evidence,
      undecided,
      families,
      clock,
      request,
      timeoutMs,
      rules: { fall: 3, rise: 1 },
      polledScope: polled ? 'public IPv4' : undefined,
      scheduler,
    };
    return { book, evidence, undecided, families, check: checkPeer(options, 'regular', role) };
  }

  const checked = (uuid: string, over: Partial<CheckRecord>): SchedulerEvent => ({
    kind: 'peer.checked',
    lane: 'regular',
    check: {
      uuid,
      at: 0,
      outcome: { ok: true, latencyMs: 0 },
      counted: true,
      before: undefined,
      state: 'available',
      failures: 0,
      ...over,
    },
  });

  marbles('an answer makes the peer available', (m) => {
    const { check, book } = world(m, () => m.cold('--(r|)', { r: good }));
    m.expectObservable(check(entry('a'))).toBe('--(v|)', {
      v: checked('a', { at: 2, outcome: { ok: true, latencyMs: 2 } }),
    });
    m.flush();
    expect(book.lastKnown('a')).to.deep.include({ checkedAt: 2 });
  });

  marbles('one that never answers is let go at the deadline, and becomes a suspect', (m) => {
    const reply$ = m.cold<Reply>('-');
    const { check } = world(m, () => reply$);
    m.expectObservable(check(entry('a', { health: available }))).toBe('-----(v|)', {
      v: checked('a', {
        at: 5,
        outcome: { ok: false, reason: 'timeout' },
        before: 'available',
        state: 'suspect',
        failures: 1,
      }),
    });
    m.expectSubscriptions(reply$.subscriptions).toBe('^----!');
  });

  const undecidedEvent = (uuid: string, at: number, reason: FailureReason): SchedulerEvent => {
    return { kind: 'peer.undecided', at, lane: 'regular', uuid, reason };
  };

  marbles('without evidence of our own line a failure is left undecided, and the peer stays reserved', (m) => {
    const { check, book } = world(m, () => m.cold('-(r|)', { r: failed('refused') }), { online: false });
    m.expectObservable(check(entry('a', { health: available }))).toBe('-(u|)', {
      u: undecidedEvent('a', 1, 'refused'),
    });
    m.flush();
    expect(book.reserve('a'), 'nothing else may check it meanwhile').to.equal(false);
    expect(book.unwrittenCount).to.equal(0);
  });

  marbles('evidence of another scope proves nothing', (m) => {
    const { check, evidence } = world(m, () => m.cold('-(r|)', { r: failed('refused') }), { online: false });
    evidence.recordAnswer('RFC 1918');
    evidence.recordAnswer('public IPv6');
    m.expectObservable(check(entry('a'))).toBe('-(u|)', { u: undecidedEvent('a', 1, 'refused') });
  });

  marbles('an answer ends the isolation of its scope', (m) => {
    const { check, evidence } = world(m, () => m.cold('-(r|)', { r: good }), { online: false });
    evidence.recordSilence('public IPv4', 2);
    m.expectObservable(check(entry('a'))).toBe('-(ve|)', {
      v: checked('a', { at: 1, outcome: { ok: true, latencyMs: 1 } }),
      e: { kind: 'isolation.ended', at: 1, scope: 'public IPv4' },
    });
    m.flush();
    expect(evidence.recent('public IPv4')).to.deep.equal(['a']);
  });

  marbles('the silence of a witness is recorded, and not counted, whatever the evidence', (m) => {
    const { check, book } = world(m, () => m.cold('-(r|)', { r: failed('refused') }), { role: 'witness' });
    m.expectObservable(check(entry('a', { health: available }))).toBe('-(v|)', {
      v: checked('a', { at: 1, outcome: { ok: false, reason: 'refused' }, counted: false, before: 'available' }),
    });
    m.flush();
    expect([...book.unwrittenRows()].map(({ unwritten, results }) => [unwritten, results])).to.deep.equal([
      ['check', '-'],
    ]);
  });

  describe('where the host has no address of the family', () => {
    const noRoute: Reply = { ok: false, reason: 'unreachable', noRoute: true };
    const six = { stored: { ip: '2606:4700::1', port: null } };
    const peers = [entry('a', { ...six, health: available }), entry('b', six)];

    marbles('and the other family works, the peer is unreachable, counted, and the family reported once', (m) => {
      const { check, families } = world(m, () => m.cold('(r|)', { r: noRoute }), { peers, families: ['IPv4'] });
      m.expectObservable(check(entry('a', { ...six, health: available }))).toBe('(v|)', {
        v: checked('a', {
          outcome: { ok: false, reason: 'unreachable' },
          before: 'available',
          state: 'suspect',
          failures: 1,
        }),
      });
      m.expectObservable(check(entry('b', six))).toBe('(v|)', {
        v: checked('b', { outcome: { ok: false, reason: 'unreachable' }, state: undefined, failures: 1 }),
      });
      m.flush();
      expect([families.takeNewlyMissing(), families.takeNewlyMissing()]).to.deep.equal([['IPv6'], []]);
    });

    marbles('but nothing has answered yet, it is a failure like any other', (m) => {
      const setting = { peers, families: ['IPv4'], online: false } as const;
      const { check, families } = world(m, () => m.cold('(r|)', { r: noRoute }), setting);
      m.expectObservable(check(entry('a', six))).toBe('(u|)', { u: undecidedEvent('a', 0, 'unreachable') });
      m.flush();
      expect(families.takeNewlyMissing()).to.deep.equal([]);
    });

    marbles('or had one before, it is a failure like any other', (m) => {
      const { check } = world(m, () => m.cold('(r|)', { r: noRoute }), { peers });
      m.expectObservable(check(entry('a', six))).toBe('(u|)', { u: undecidedEvent('a', 0, 'unreachable') });
    });

    marbles('EADDRNOTAVAIL is no lack of local ports then, and holds no worker', (m) => {
      const reply: Reply = { ...noRoute, local: true };
      const { check } = world(m, () => m.cold('(r|)', { r: reply }), { peers, families: ['IPv4'] });
      m.expectObservable(check(entry('b', six))).toBe('(v|)', {
        v: checked('b', { outcome: { ok: false, reason: 'unreachable' }, state: undefined, failures: 1 }),
      });
    });
  });

  describe('where the host has no IPv6 loopback address', () => {
    const reply: Reply = { ok: false, reason: 'unreachable', noRoute: true, local: true };
    const six = { stored: { ip: '::1', port: null } };
    const peers = [entry('a', six), entry('b', six)];
    const missing = { peers, allow: ['loopback'], families: ['IPv4'], loopback: ['IPv4'] } as const;

    marbles('a peer at ::1 is unreachable, counted', (m) => {
      const { check } = world(m, () => m.cold('(r|)', { r: reply }), missing);
      m.expectObservable(check(entry('a', six))).toBe('(v|)', {
        v: checked('a', { outcome: { ok: false, reason: 'unreachable' }, state: undefined, failures: 1 }),
      });
    });

    marbles('where it has one, a call that found no port of its own says nothing of the peer', (m) => {
      const { check } = world(m, () => m.cold('(r|)', { r: reply }), { ...missing, loopback: ['IPv4', 'IPv6'] });
      m.expectObservable(check(entry('a', six)), '^--!').toBe('d', {
        d: { kind: 'peer.discarded', at: 0, uuid: 'a', why: 'local' },
      });
    });
  });

  marbles('an HTTP error is a failure, and proves that we are online', (m) => {
    const { check, evidence } = world(m, () => m.cold('(r|)', { r: failed('http-500') }), { online: false });
    m.expectObservable(check(entry('a', { health: available }))).toBe('(v|)', {
      v: checked('a', {
        outcome: { ok: false, reason: 'http-500' },
        before: 'available',
        state: 'suspect',
        failures: 1,
      }),
    });
    m.flush();
    expect(evidence.generation('public IPv4')).to.equal(1);
  });

  marbles('a peer that does nothing but err is unavailable in the end: each of its errors counts', (m) => {
    const { check, book } = world(m, () => m.cold('(r|)', { r: failed('http-500') }), { online: false });
    const again$ = m.cold('x-x-x|').pipe(
      concatMap(() => check(book.lastKnown('a') ?? entry('a'))),
      map((event) => (event.kind === 'peer.checked' ? event.check.failures : event.kind)),
    );
    m.expectObservable(again$).toBe('1-2-3|', { 1: 1, 2: 2, 3: 3 });
    m.flush();
    expect(book.lastKnown('a')?.health.state).to.equal('unavailable');
  });

  marbles('a redirect proves nothing: a portal sends it in everybody’s name', (m) => {
    const { check, evidence } = world(m, () => m.cold('(r|)', { r: failed('redirect') }), { online: false });
    m.expectObservable(check(entry('a', { health: available }))).toBe('(u|)', {
      u: undecidedEvent('a', 0, 'redirect'),
    });
    m.flush();
    expect(evidence.generation('public IPv4')).to.equal(0);
  });

  marbles('the failures of an only peer count where nobody else could testify', (m) => {
    const { check } = world(m, () => m.cold('(r|)', { r: failed('refused') }), { online: false, polled: false });
    m.expectObservable(check(entry('a', { health: available }))).toBe('(v|)', {
      v: checked('a', {
        outcome: { ok: false, reason: 'refused' },
        before: 'available',
        state: 'suspect',
        failures: 1,
      }),
    });
  });

  marbles('one that can’t be called is no witness', (m) => {
    const denied = entry('b', { stored: { ip: '10.0.0.1', port: null }, reportedFault: 'address-denied' });
    const peers = [entry('a', { health: available }), denied];
    const { check } = world(m, () => m.cold('(r|)', { r: failed('refused') }), { peers, online: false, polled: false });
    const counted$ = check(entry('a', { health: available })).pipe(
      map((event) => event.kind === 'peer.checked' && event.check.counted),
    );
    m.expectObservable(counted$).toBe('(c|)', { c: true });
  });

  marbles('what was in flight across a gap of our clock is discarded', (m) => {
    // Before the call, and after it.
    const epochs = [0, 1];
    const { check, book } = world(m, () => m.cold('---(r|)', { r: good }), { epoch: () => epochs.shift() ?? 1 });
    m.expectObservable(check(entry('a'))).toBe('---(d|)', {
      d: { kind: 'peer.discarded', at: 3, uuid: 'a', why: 'clock-gap' },
    });
    m.flush();
    expect(book.lastKnown('a')?.checkedAt).to.equal(0);
  });

  marbles('a call that never left this host says nothing of the peer', (m) => {
    const reply: Reply = { ok: false, reason: 'other', local: true };
    const { check } = world(m, () => m.cold('(r|)', { r: reply }));
    // The worker keeps its place for a second, so that fewer calls are under way.
    m.expectObservable(check(entry('a'))).toBe('d 999ms |', {
      d: { kind: 'peer.discarded', at: 0, uuid: 'a', why: 'local' },
    });
  });

  marbles(
    'an answer of a peer that left during its call changes no state, and still proves that we are online',
    (m) => {
      const { check, book, evidence } = world(m, () => m.cold('--(r|)', { r: good }), { online: false });
      m.scheduler.schedule(() => {
        book.forget('a');
      }, 1);
      m.expectObservable(check(entry('a'))).toBe('--|');
      m.flush();
      expect(evidence.generation('public IPv4')).to.equal(1);
    },
  );

  marbles('a failure of a peer that moved during its call changes no state', (m) => {
    const { check, book } = world(m, () => m.cold('--(r|)', { r: failed('refused') }));
    m.scheduler.schedule(() => {
      book.refresh(entry('a', { health: available, stored: { ip: '9.9.9.9', port: null } }));
    }, 1);
    m.expectObservable(check(entry('a', { health: available }))).toBe('--|');
    m.flush();
    expect(book.lastKnown('a')?.health).to.include({ state: 'available', failures: 0 });
  });

  marbles('an address that may not be called is not called', (m) => {
    const { check } = world(m, () => m.cold('#'));
    m.expectObservable(check(entry('a', { stored: { ip: '10.0.0.1', port: null } }))).toBe('|');
  });

  marbles('a peer whose check is under way is not called a second time', (m) => {
    const reply$ = m.cold<Reply>('---(r|)', { r: good });
    const { check } = world(m, () => reply$);
    const verdict = checked('a', { at: 3, outcome: { ok: true, latencyMs: 3 } });
    m.expectObservable(check(entry('a'))).toBe('---(v|)', { v: verdict });
    m.expectObservable(check(entry('a'))).toBe('|');
    m.expectSubscriptions(reply$.subscriptions).toBe('^--!');
  });

  marbles('unsubscribing ends the call and gives the peer free', (m) => {
    const reply$ = m.cold<Reply>('-');
    const { check, book } = world(m, () => reply$, { timeoutMs: 50 });
    m.expectObservable(check(entry('a')), '^--!').toBe('');
    m.expectSubscriptions(reply$.subscriptions).toBe('^--!');
    m.flush();
    expect(book.reserve('a')).to.equal(true);
  });
});
