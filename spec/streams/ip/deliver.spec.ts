import { expect } from 'chai';
import type { Observable } from 'rxjs';
import type { Delivery, Settled } from '#src/domain/announce/outbox.js';
import type { Reply } from '#src/domain/call/http.js';
import type { FailureReason } from '#src/domain/call/reasons.js';
import type { SchedulerEvent } from '#src/events.js';
import { deliver } from '#src/streams/ip/deliver.js';
import { virtualClock } from '../../support/clock.js';
import { marbles, type Marbles } from '../../support/marbles.js';

describe('deliver', () => {
  const delivery: Delivery = {
    kind: 'due',
    uuid: 'p',
    ip: '9.9.9.9',
    stored: { ip: '1.1.1.1', port: null },
    attempts: 2,
    error: null,
  };
  const good: Reply = { ok: true, status: 204, body: '' };
  const busy: Reply = { ok: false, reason: 'http-503' };
  const replies = { g: good, b: busy };
  const still = { pending: 1, outdated: undefined, again: false };
  const settled: Record<string, Settled> = {
    p: still,
    n: { ...still, pending: 0 },
    m: { ...still, pending: 0, again: true },
    i: { ...still, pending: 0, outdated: 'ip' },
    a: { ...still, pending: 0, outdated: 'address' },
    l: { ...still, pending: 0, outdated: 'left' },
    t: { ...still, pending: 0, outdated: 'acknowledged' },
  };
  const what = 'settling an announcement';
  /** Told whenever a step in Redis has worked; where none has failed before, nobody hears of it. */
  const worked = (at: number): SchedulerEvent => ({ kind: 'redis.worked', at, what });
  const acknowledged = (at: number, again = false): SchedulerEvent => {
    return { kind: 'announcement.acknowledged', at, uuid: 'p', ip: '9.9.9.9', attempts: 3, again };
  };
  const failed = (at: number, reason: FailureReason, retryInMs = 2_000): SchedulerEvent => {
    return { kind: 'announcement.failed', at, uuid: 'p', ip: '9.9.9.9', attempts: 3, reason, retryInMs };
  };

  interface Over {
    delivery?: Partial<Delivery>;
    ack$?: Observable<Settled>;
    nack$?: Observable<Settled>;
    random?: number;
  }

  /** One attempt, with everything that it asked for. */
  function attempt({ scheduler, cold }: Marbles, request: Observable<Reply> | (() => never), over: Over = {}) {
    const calls: string[] = [];
    const { ack$ = cold('(p|)', settled), nack$ = cold('(p|)', settled), random = 0.5 } = over;
    const event$ = deliver({
      request: ({ ip, port }, ours) => {
        calls.push(`call ${ip} ${port ?? 'anywhere'} ${ours}`);
        return typeof request === 'function' ? request() : request;
      },
      ack: () => {
        calls.push('ack');
        return ack$;
      },
      nack: (_, reason, retryInMs) => {
        calls.push(`nack ${reason} ${String(retryInMs)}`);
        return nack$;
      },
      timeoutMs: 20,
      retry: { initialMs: 1_000, maxMs: 60_000 },
      allow: ['public'],
      clock: virtualClock(scheduler),
      random: () => random,
      explain: (error) => String(error),
      scheduler,
    })({ ...delivery, ...over.delivery });
    return { event$, calls };
  }

  marbles('a 2xx is acknowledged', (m) => {
    const reply$ = m.cold('--(g|)', replies);
    const replySubs = '    ^-!';
    const ack$ = m.cold('    -(p|)', settled);
    const ackSubs = '      --^!';
    const expected = '     ---(wa|)';

    const { event$, calls } = attempt(m, reply$, { ack$ });

    m.expectObservable(event$).toBe(expected, { w: worked(3), a: acknowledged(3) });
    m.expectSubscriptions(reply$.subscriptions).toBe(replySubs);
    m.expectSubscriptions(ack$.subscriptions).toBe(ackSubs);
    m.flush();
    expect(calls).to.deep.equal(['call 1.1.1.1 anywhere 9.9.9.9', 'ack']);
  });

  marbles('the last one to acknowledge completes the announcement', (m) => {
    const { event$ } = attempt(m, m.cold('(g|)', replies), { ack$: m.cold('(n|)', settled) });

    m.expectObservable(event$).toBe('(wac|)', {
      w: worked(0),
      a: acknowledged(0),
      c: { kind: 'announcements.complete', at: 0, ip: '9.9.9.9' },
    });
  });

  marbles('one that was only told again completes nothing', (m) => {
    const { event$ } = attempt(m, m.cold('(g|)', replies), { ack$: m.cold('(m|)', settled) });

    m.expectObservable(event$).toBe('(wa|)', { w: worked(0), a: acknowledged(0, true) });
  });

  marbles('what counts no longer is told as what it is, be it an answer or a failure', (m) => {
    for (const [sign, why] of Object.entries({ i: 'ip', a: 'address', l: 'left', t: 'acknowledged' } as const)) {
      const step$ = m.cold(`-(${sign}|)`, settled);
      const outdated = { kind: 'announcement.outdated', at: 1, uuid: 'p', ip: '9.9.9.9', why } as const;
      const answered = attempt(m, m.cold('(g|)', replies), { ack$: step$ });
      const failing = attempt(m, m.cold('(b|)', replies), { nack$: step$ });

      m.expectObservable(answered.event$).toBe('-(wo|)', { w: worked(1), o: { ...outdated, result: 'ok' } });
      m.expectObservable(failing.event$).toBe('-(wo|)', { w: worked(1), o: { ...outdated, result: 'http-503' } });
    }
  });

  marbles('a failure is due again later, the longer the more attempts there were', (m) => {
    const reply$ = m.cold('--(b|)', replies);
    const nack$ = m.cold('   -(p|)', settled);
    const nackSubs = '     --^!';
    const expected = '     ---(wf|)';

    const { event$, calls } = attempt(m, reply$, { nack$ });
    const later = attempt(m, m.cold('(b|)', replies), { delivery: { attempts: 100 } });

    m.expectObservable(event$).toBe(expected, { w: worked(3), f: failed(3, 'http-503') });
    m.expectSubscriptions(nack$.subscriptions).toBe(nackSubs);
    m.expectObservable(later.event$).toBe('(wf|)', {
      w: worked(0),
      f: { ...failed(0, 'http-503', 30_000), attempts: 101 },
    });
    m.flush();
    expect(calls).to.deep.equal(['call 1.1.1.1 anywhere 9.9.9.9', 'nack http-503 2000']);
  });

  marbles('Retry-After lengthens the backoff, and never shortens it', (m) => {
    const asking = (retryAfterMs: number) => m.cold<Reply>('(r|)', { r: { ...busy, retryAfterMs } });
    const told = (retryInMs: number) => ({ w: worked(0), f: failed(0, 'http-503', retryInMs) });

    m.expectObservable(attempt(m, asking(90_000)).event$).toBe('(wf|)', told(90_000));
    m.expectObservable(attempt(m, asking(1_000)).event$).toBe('(wf|)', told(2_000));
    m.expectObservable(attempt(m, asking(0)).event$).toBe('(wf|)', told(2_000));
  });

  marbles('a call that is never answered ends at the deadline', (m) => {
    const reply$ = m.cold<Reply>('-');
    const replySubs = '           ^ 19ms !';
    const expected = '            20ms (wf|)';

    m.expectObservable(attempt(m, reply$).event$).toBe(expected, { w: worked(20), f: failed(20, 'timeout') });
    m.expectSubscriptions(reply$.subscriptions).toBe(replySubs);
  });

  marbles('a client that breaks, at once or later, is a failure like any other', (m) => {
    const atOnce = (): never => {
      throw new Error('broken');
    };

    m.expectObservable(attempt(m, m.cold<Reply>('-#')).event$).toBe('-(wf|)', { w: worked(1), f: failed(1, 'other') });
    m.expectObservable(attempt(m, atOnce).event$).toBe('(wf|)', { w: worked(0), f: failed(0, 'other') });
  });

  marbles('a call that comes to nothing at all settles nothing: its lease runs out', (m) => {
    const { event$, calls } = attempt(m, m.cold<Reply>('-|'));

    m.expectObservable(event$).toBe('-|');
    m.flush();
    expect(calls).to.deep.equal(['call 1.1.1.1 anywhere 9.9.9.9']);
  });

  marbles('does nothing before it is subscribed', (m) => {
    const reply$ = m.cold('(g|)', replies);
    const { event$, calls } = attempt(m, reply$);

    expect(calls).to.be.empty;
    m.expectObservable(event$, '--^').toBe('--(wa|)', { w: worked(2), a: acknowledged(2) });
  });

  marbles('an unsubscription ends the call, and nothing is acknowledged', (m) => {
    const reply$ = m.cold('---g', replies);
    const unsub = '        ^-!';

    const { event$, calls } = attempt(m, reply$);

    m.expectObservable(event$, unsub).toBe('---');
    m.expectSubscriptions(reply$.subscriptions).toBe(unsub);
    m.flush();
    expect(calls).to.deep.equal(['call 1.1.1.1 anywhere 9.9.9.9']);
  });

  marbles('an unsubscription ends the waiting for Redis as well', (m) => {
    const ack$ = m.cold<Settled>('-----');
    const ackSubs = '             -^-!';
    const unsub = '               ^--!';

    m.expectObservable(attempt(m, m.cold('-(g|)', replies), { ack$ }).event$, unsub).toBe('----');
    m.expectSubscriptions(ack$.subscriptions).toBe(ackSubs);
  });

  marbles('an address that may not be called is not called, named once, and looked at again later', (m) => {
    const stored = { ip: '10.0.0.1', port: null };
    const first = attempt(m, m.cold('-'), { delivery: { stored } });
    const second = attempt(m, m.cold('-'), { delivery: { stored, error: 'address-denied' } });
    const values = { w: worked(0), f: failed(0, 'address-denied') };

    m.expectObservable(first.event$).toBe('(mwf|)', {
      m: {
        kind: 'peer.malformed',
        at: 0,
        peer: 'producer',
        uuid: 'p',
        error: 'address-denied',
        detail: 'ip "10.0.0.1"',
      },
      ...values,
    });
    m.expectObservable(second.event$).toBe('(wf|)', values);
    m.flush();
    expect(first.calls).to.deep.equal(['nack address-denied 2000']);
  });

  marbles('an entry without an address is named by another fault than before, and only once by the same', (m) => {
    const stored = { ip: null, port: null };
    const was = (error: string) => attempt(m, m.cold('-'), { delivery: { stored, error } }).event$;
    const values = { w: worked(0), f: failed(0, 'address-invalid') };
    const named = { kind: 'peer.malformed', at: 0, peer: 'producer', uuid: 'p', error: 'address-invalid' };

    m.expectObservable(was('timeout')).toBe('(mwf|)', { m: { ...named, detail: 'no ip' }, ...values });
    m.expectObservable(was('address-invalid')).toBe('(wf|)', values);
  });

  marbles('an ack that Redis could not confirm is tried again every 500 ms', (m) => {
    const errors = m.cold<Settled>('#');
    const { event$, calls } = attempt(m, m.cold('(g|)', replies), { ack$: errors });

    m.expectObservable(event$).toBe('5000ms (f|)', {
      f: { kind: 'redis.failed', at: 5_000, what, reason: 'error' },
    });
    m.flush();
    expect(calls.filter((call) => call === 'ack')).to.have.length(11);
    m.expectSubscriptions(errors.subscriptions).toBe(
      Array.from({ length: 11 }, (_, i) => (i === 0 ? '(^!)' : `${String(i * 500)}ms (^!)`)),
    );
  });

  marbles('an ack or nack that never comes back is given up before the lease runs out', (m) => {
    const never$ = m.cold<Settled>('-');
    const subs = '                               ^ 8999ms !';
    const given = { kind: 'redis.failed', what, reason: 'Error: Command timed out' };

    m.expectObservable(attempt(m, m.cold('(g|)', replies), { ack$: never$ }).event$).toBe('9s (f|)', {
      f: { ...given, at: 9_000 },
    });
    m.expectObservable(attempt(m, m.cold('-(b|)', replies), { nack$: never$ }).event$).toBe('- 9s (f|)', {
      f: { ...given, at: 9_001 },
    });
    m.expectSubscriptions(never$.subscriptions).toBe([subs, `-${subs.trimStart()}`]);
  });
});
