import { expect } from 'chai';
import { concat, defer, EMPTY, type Observable } from 'rxjs';
import type { Reply } from '#src/domain/call/http.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import type { PeerHealth } from '#src/domain/peer/peer.js';
import type { SchedulerEvent } from '#src/events.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UndecidedFailures, type Question } from '#src/state/undecided.js';
import { decide } from '#src/streams/sync/decide.js';
import { virtualClock } from '../../support/clock.js';
import { entry } from '../../support/entries.js';
import { marbles, type Marbles } from '../../support/marbles.js';
import { ALL } from '../../support/shares.js';
import { hostWith } from '../../support/hostAddresses.js';

const V4 = 'public IPv4';

describe('decide', () => {
  const good: Reply = { ok: true, status: 200, body: '' };
  const available: PeerHealth = { ...UNCHECKED, state: 'available', successes: 1 };
  const at = (uuid: string, health = available) =>
    entry(uuid, { health, checkedAt: 1, stored: { ip: `1.1.1.${String(uuid.charCodeAt(0))}`, port: null } });

  /** Peers in good standing besides one, `f`, that has failed and waits to be decided. */
  function world(
    { scheduler, cold }: Marbles,
    replies: Readonly<Record<string, Observable<Reply>>>,
    setting: {
      readonly failing?: PeerHealth;
      readonly pollIp?: Observable<SchedulerEvent>;
      readonly readAgain?: (book: PeerBook) => Observable<never>;
      /** Others that have failed besides. */
      readonly more?: readonly string[];
      readonly epoch?: () => number;
    } = {},
  ) {
    const { failing = available, pollIp, readAgain = () => EMPTY, more = [], epoch } = setting;
    const clock = virtualClock(scheduler, epoch);
    const book = new PeerBook(['public']);
    const evidence = new OnlineEvidence();
    const undecided = new UndecidedFailures(clock.steady);
    const failed = [at('f', failing), ...more.map((uuid) => at(uuid))];
    for (const peer of [...failed, ...Object.keys(replies).map((uuid) => at(uuid))]) book.remember(peer, 1);
    for (const { uuid } of failed) {
      book.reserve(uuid);
      book.hold(uuid);
    }
    const calls: string[] = [];
    const decided = decide({
      book,
      shares: ALL,
      evidence,
      undecided,
      families: new HostFamilies(() => hostWith(['IPv4'])),
      clock,
      request: ({ ip }) => {
        const uuid = String.fromCharCode(Number(ip.split('.')[3]));
        calls.push(uuid);
        return replies[uuid] ?? cold('#');
      },
      timeoutMs: 20,
      rules: { fall: 3, rise: 1 },
      polledScope: pollIp === undefined ? undefined : V4,
      pollIp: pollIp ?? EMPTY,
      readAgain: () => readAgain(book),
      scheduler,
    });
    const question: Question = {
      scope: V4,
      failures: failed.map((one) => ({
        ...{ entry: one, lane: 'suspect', at: 0, outcome: { ok: false, reason: 'timeout' } },
      })),
    };
    const freed: string[] = [];
    undecided.decided = (scope) => void freed.push(scope);
    return { decided$: decided(question), book, evidence, calls, freed };
  }

  const answered = (uuid: string, atMs: number, latencyMs = atMs): SchedulerEvent => ({
    kind: 'peer.checked',
    lane: 'regular',
    check: {
      uuid,
      at: atMs,
      outcome: { ok: true, latencyMs },
      counted: true,
      before: 'available',
      state: 'available',
      failures: 0,
    },
  });
  const silent = (uuid: string, atMs: number): SchedulerEvent => ({
    kind: 'peer.checked',
    lane: 'regular',
    check: {
      uuid,
      at: atMs,
      outcome: { ok: false, reason: 'timeout' },
      counted: false,
      before: 'available',
      state: 'available',
      failures: 0,
    },
  });
  const verdict = (counted: boolean, uuid = 'f'): SchedulerEvent => ({
    kind: 'peer.checked',
    lane: 'suspect',
    check: {
      uuid,
      at: 0,
      outcome: { ok: false, reason: 'timeout' },
      counted,
      before: 'available',
      state: counted ? 'suspect' : 'available',
      failures: counted ? 1 : 0,
    },
  });
  const isolated = (atMs: number, peers: number): SchedulerEvent => {
    return { kind: 'isolation.began', at: atMs, scope: V4, peers };
  };

  marbles('the first answer of a witness makes the failure count, while the others are still asked', (m) => {
    const p$ = m.cold('       --------(g|)', { g: good });
    const q$ = m.cold('       -(g|)', { g: good });
    const r$ = m.cold<Reply>('-');
    const rSubs = '           ^ 19ms !';
    const expected = '        -(qf)---p 11ms (r|)';
    const { decided$, book, calls } = world(m, { p: p$, q: q$, r: r$ });

    m.expectObservable(decided$).toBe(expected, {
      q: answered('q', 1),
      f: verdict(true),
      p: answered('p', 8),
      r: silent('r', 20),
    });
    m.expectSubscriptions(r$.subscriptions).toBe(rSubs);
    m.flush();
    expect(calls).to.deep.equal(['p', 'q', 'r']);
    expect(book.reserve('f'), 'it may be checked again').to.equal(true);
  });

  marbles('the witnesses are read again first: none is asked that has left meanwhile', (m) => {
    const p$ = m.cold('     ---(g|)', { g: good });
    const q$ = m.cold<Reply>('     -');
    const qSubs: string[] = [];
    const read$ = m.cold('  --|');
    const readSubs = '      ^-!';
    const expected = '      -----(pf|)';
    const { decided$, calls } = world(
      m,
      { p: p$, q: q$ },
      {
        readAgain: (book) =>
          concat(
            read$,
            defer(() => (book.forget('q'), EMPTY)),
          ) as Observable<never>,
      },
    );

    m.expectObservable(decided$).toBe(expected, { p: answered('p', 5, 3), f: verdict(true) });
    m.expectSubscriptions(read$.subscriptions).toBe(readSubs);
    m.expectSubscriptions(q$.subscriptions).toBe(qSubs);
    m.flush();
    expect(calls).to.deep.equal(['p']);
  });

  marbles('where all witnesses stay silent the failure does not count, and the scope is isolated', (m) => {
    const r$ = m.cold<Reply>('-');
    const expected = '20ms (pqrfi|)';
    const { decided$ } = world(m, { p: r$, q: r$, r: r$ });

    m.expectObservable(decided$).toBe(expected, {
      p: silent('p', 20),
      q: silent('q', 20),
      r: silent('r', 20),
      f: verdict(false),
      i: isolated(20, 4),
    });
  });

  marbles('asks no more than three witnesses, and those that answered last first', (m) => {
    const replies = Object.fromEntries(['p', 'q', 'r', 's', 't'].map((uuid) => [uuid, m.cold('-(g|)', { g: good })]));
    const { decided$, evidence, calls } = world(m, replies, { failing: { ...available, countedGeneration: 2 } });
    evidence.recordAnswer(V4, 's');
    evidence.recordAnswer(V4, 't');

    m.expectObservable(decided$).toBe('-(tfsp|)', {
      t: answered('t', 1),
      f: verdict(true),
      s: answered('s', 1),
      p: answered('p', 1),
    });
    m.flush();
    expect(calls).to.deep.equal(['t', 's', 'p']);
  });

  marbles('asks nobody where a witness answered while the question waited', (m) => {
    const { decided$, evidence, calls, freed } = world(m, { p: m.cold('#') });
    evidence.recordAnswer(V4, 'p');

    m.expectObservable(decided$).toBe('(f|)', { f: verdict(true) });
    m.flush();
    expect(calls).to.deep.equal([]);
    expect(freed, 'another question may be asked').to.deep.equal([V4]);
  });

  marbles('asks the public-IP poll where there are fewer than three peers', (m) => {
    const polled: SchedulerEvent = { kind: 'ip.polled', at: 2, source: 'dns', result: 'ok' };
    const pollIp = m.cold('--(i|)', { i: polled });
    const { decided$, evidence } = world(m, { p: m.cold('-') }, { pollIp });
    const answering$ = decided$;
    // The poll records its answer before it tells of it.
    m.scheduler.schedule(() => void evidence.recordAnswer(V4), 2);

    m.expectObservable(answering$).toBe('--(if) 14ms (p|)', { i: polled, f: verdict(true), p: silent('p', 20) });
    m.expectSubscriptions(pollIp.subscriptions).toBe('^-!');
  });

  marbles('a call that is under way is waited for: an answer makes the failure count', (m) => {
    const { decided$, book, evidence, calls } = world(m, { p: m.cold('#') });
    book.reserve('p');
    m.scheduler.schedule(() => {
      evidence.recordAnswer(V4, 'p');
      book.unreserve('p');
    }, 7);

    m.expectObservable(decided$).toBe('7ms (f|)', { f: verdict(true) });
    m.flush();
    expect(calls, 'nobody is asked twice').to.deep.equal([]);
  });

  marbles('where all calls that are under way fail, the failure does not count, and the scope is isolated', (m) => {
    const { decided$, book } = world(m, { p: m.cold('#'), q: m.cold('#') });
    book.reserve('p');
    book.reserve('q');
    m.scheduler.schedule(() => {
      book.hold('p');
    }, 7);
    m.scheduler.schedule(() => {
      book.unreserve('q', true);
    }, 9);

    m.expectObservable(decided$).toBe('9ms (fi|)', { f: verdict(false), i: isolated(9, 3) });
  });

  marbles('a call that is under way is waited for no longer than a call may take', (m) => {
    const { decided$, book } = world(m, { p: m.cold('#') });
    book.reserve('p');

    m.expectObservable(decided$).toBe('20ms (f|)', { f: verdict(false) });
  });

  marbles('a peer whose failure waits for the next question is a silent witness of this one', (m) => {
    const { decided$, book } = world(m, { p: m.cold('#') });
    book.reserve('p');
    book.hold('p');

    m.expectObservable(decided$).toBe('(fi|)', { f: verdict(false), i: isolated(0, 2) });
  });

  marbles('failures of one question are each other’s witnesses where there is no other', (m) => {
    const { decided$ } = world(m, {}, { more: ['g'] });

    m.expectObservable(decided$).toBe('(fgi|)', { f: verdict(false), g: verdict(false, 'g'), i: isolated(0, 2) });
  });

  marbles(
    'witnesses whose results are discarded were not silent: the failure is withheld, and no scope isolated',
    (m) => {
      const local: Reply = { ok: false, reason: 'other', local: true };
      const discarded: SchedulerEvent = { kind: 'peer.discarded', at: 1, uuid: 'p', why: 'local' };
      const { decided$ } = world(m, { p: m.cold('-(l|)', { l: local }) }, { more: ['g'] });

      m.expectObservable(decided$).toBe('-d 999ms (fg|)', { d: discarded, f: verdict(false), g: verdict(false, 'g') });
    },
  );

  marbles('nor were those that a gap of our clock swallowed; one that was silent is enough to be isolated', (m) => {
    const lost: SchedulerEvent = { kind: 'peer.discarded', at: 5, uuid: 'p', why: 'clock-gap' };
    const gap = { epoch: () => (m.scheduler.now() === 5 ? 1 : 0) };
    const alone = world(m, { p: m.cold('-----(g|)', { g: good }) }, gap);
    const two = world(m, { p: m.cold('-----(g|)', { g: good }), q: m.cold('-') }, gap);

    m.expectObservable(alone.decided$).toBe('-----(pf|)', { p: lost, f: verdict(false) });
    m.expectObservable(two.decided$).toBe('-----p 14ms (qfi|)', {
      ...{ p: lost, q: silent('q', 20), f: verdict(false), i: isolated(20, 3) },
    });
  });

  marbles('a poll that no source could be asked for is no silence', (m) => {
    const { decided$ } = world(m, {}, { pollIp: EMPTY });

    m.expectObservable(decided$).toBe('(f|)', { f: verdict(false) });
  });

  marbles('a peer that left while its failure waited changes no state, and isolates nobody', (m) => {
    const { decided$, book } = world(m, { p: m.cold('-') });
    m.scheduler.schedule(() => {
      book.forget('f');
    }, 5);

    m.expectObservable(decided$).toBe('20ms (p|)', { p: silent('p', 20) });
  });

  marbles('an isolation is told once', (m) => {
    const { decided$, evidence, book } = world(m, { p: m.cold('-') });
    evidence.recordSilence(V4, 2);

    m.expectObservable(decided$).toBe('20ms (pf|)', { p: silent('p', 20), f: verdict(false) });
    m.flush();
    expect([...book.unwrittenRows()].map(({ uuid, unwritten }) => `${uuid} ${unwritten}`)).to.deep.equal([
      'p check',
      'f check',
    ]);
  });

  marbles('unsubscribing ends the calls, and frees the peer', (m) => {
    const p$ = m.cold<Reply>('-');
    const { decided$, book, freed } = world(m, { p: p$ });

    m.expectObservable(decided$, '^--!').toBe('---');
    m.expectSubscriptions(p$.subscriptions).toBe('^--!');
    m.flush();
    expect([book.reserve('f'), book.reserve('p')]).to.deep.equal([true, true]);
    expect(freed).to.deep.equal([V4]);
  });
});
