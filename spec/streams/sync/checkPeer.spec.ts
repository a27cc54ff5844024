import { expect } from 'chai';
import { concatMap, map, type Observable } from 'rxjs';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import type { Reply } from '#src/domain/call/http.js';
import type { PeerHealth, PeerAddress, RegistryEntry } from '#src/domain/peer/peer.js';
import { PeerBook } from '#src/state/peerBook.js';
import type { SchedulerEvent, CheckRecord } from '#src/events.js';
import { checkPeer } from '#src/streams/sync/checkPeer.js';
import { virtualClock } from '../../support/clock.js';
import { entry } from '../../support/entries.js';
import { marbles, type Marbles } from '../../support/marbles.js';

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
  }

  /** A book with these peers, and the check over it. */
  function world({ scheduler }: Marbles, request: (to: PeerAddress) => Observable<Reply>, setting: Setting = {}) {
    const { peers = [entry('a')], online = true, polled = true, epoch, timeoutMs = 5 } = setting;
    const book = new PeerBook();
    for (const peer of peers) book.remember(peer, 1);
    const evidence = new OnlineEvidence();
    if (online) evidence.recordAnswer();
    const clock = virtualClock(scheduler, epoch);
    const rules = { fall: 3, rise: 1 };
    const options = { book, evidence, clock, request, timeoutMs, rules, allow: ['public'] as const, polled, scheduler };
    return { book, evidence, check: checkPeer(options, 'regular') };
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

  marbles('without evidence of our own line a failure is recorded but changes nothing', (m) => {
    const { check } = world(m, () => m.cold('-(r|)', { r: failed('refused') }), { online: false });
    m.expectObservable(check(entry('a', { health: available }))).toBe('-(v|)', {
      v: checked('a', {
        at: 1,
        outcome: { ok: false, reason: 'refused' },
        counted: false,
        before: 'available',
      }),
    });
  });

  marbles('two silent witnesses and no evidence begin an isolation; an answer ends it', (m) => {
    const replies: Record<string, Reply> = { '1.1.1.1': failed('refused'), '8.8.8.8': good };
    const { check } = world(m, ({ ip }) => m.cold('-(r|)', { r: replies[ip] ?? good }), { online: false });
    const other = { ip: '8.8.8.8', port: null };
    const miss = { at: 1, outcome: { ok: false, reason: 'refused' }, counted: false, state: undefined } as const;

    m.expectObservable(check(entry('a'))).toBe('-(v|)', { v: checked('a', miss) });
    m.expectObservable(check(entry('b'))).toBe('-(vi|)', {
      v: checked('b', miss),
      i: { kind: 'isolation.began', at: 1 },
    });
    m.expectObservable(check(entry('c', { stored: other }))).toBe('-(ve|)', {
      v: checked('c', { at: 1, outcome: { ok: true, latencyMs: 1 } }),
      e: { kind: 'isolation.ended', at: 1 },
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
    expect(evidence.generation).to.equal(1);
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
    m.expectObservable(check(entry('a', { health: available }))).toBe('(v|)', {
      v: checked('a', { outcome: { ok: false, reason: 'redirect' }, counted: false, before: 'available' }),
    });
    m.flush();
    expect(evidence.generation).to.equal(0);
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

  marbles('an address that may not be called is not called, and named once', (m) => {
    const { check } = world(m, () => m.cold('#'));
    const stored = { ip: '10.0.0.1', port: null };
    m.expectObservable(check(entry('a', { stored, health: available }))).toBe('(x|)', {
      x: {
        kind: 'peer.malformed',
        at: 0,
        peer: 'consumer',
        uuid: 'a',
        error: 'address-denied',
        detail: 'ip "10.0.0.1"',
      },
    });
    m.expectObservable(check(entry('a', { stored, reportedFault: 'address-denied' }))).toBe('|');
  });

  marbles('one that was allowed in between is named again once it is not', (m) => {
    const stored = { ip: '10.0.0.1', port: null };
    const { check, book } = world(m, () => m.cold('#'), { peers: [entry('a', { stored })] });
    const again$ = m.cold('d-d-(ad)-d|').pipe(
      concatMap((step) => {
        if (step === 'd') return check(book.lastKnown('a') ?? entry('a'));
        const outcome = { ok: true, latencyMs: 1 } as const;
        book.record(entry('a', { stored }), { at: 4, outcome, counted: true, health: available });
        return [];
      }),
      map(({ kind }) => kind),
    );
    m.expectObservable(again$).toBe('m---m-----|', { m: 'peer.malformed' });
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
    expect(book.begin('a')).to.equal(true);
  });
});
