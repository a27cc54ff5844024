import { distinctUntilChanged } from 'rxjs';
import type { SchedulerEvent } from '#src/events.js';
import { knownIp } from '#src/streams/ip/knownIp.js';
import { marbles } from '../../support/marbles.js';

describe('knownIp', () => {
  const confirmed = (ip: string): SchedulerEvent => ({ kind: 'ip.confirmed', at: 0, ip });
  const events: Record<string, SchedulerEvent> = {
    a: confirmed('1.1.1.1'),
    b: confirmed('8.8.8.8'),
    u: { kind: 'ip.unknown', at: 0 },
    d: { kind: 'ip.disagreed', at: 0, answers: [] },
    p: { kind: 'ip.polled', at: 0, source: 'dns', result: 'ok' },
  };
  const known = { A: '1.1.1.1', B: '8.8.8.8', U: undefined };

  marbles('gives the address as known after each poll', ({ cold, expectObservable, expectSubscriptions }) => {
    const event$ = cold('pa-a-b-b-a|', events);
    const subs = '       ^---------!';
    const expected = '   -A-A-B-B-A|';

    expectObservable(event$.pipe(knownIp())).toBe(expected, known);
    expectSubscriptions(event$.subscriptions).toBe(subs);
  });

  marbles('with distinctUntilChanged gives each change once', ({ cold, expectObservable }) => {
    const event$ = cold('pa-a-b-b-a|', events);
    const expected = '   -A---B---A|';

    expectObservable(event$.pipe(knownIp(), distinctUntilChanged())).toBe(expected, known);
  });

  marbles('a poll without a result never clears what is known', ({ cold, expectObservable }) => {
    const event$ = cold('a-u-d-a|', events);
    const expected = '   A-A-A-A|';

    expectObservable(event$.pipe(knownIp())).toBe(expected, known);
  });

  marbles('a first poll without a result leaves the decision to what is stored', ({ cold, expectObservable }) => {
    const event$ = cold('u-d-a|', events);
    const expected = '   U-U-A|';

    expectObservable(event$.pipe(knownIp())).toBe(expected, known);
  });

  marbles('hands on an error, completes empty, and unsubscribes', ({ cold, expectObservable, expectSubscriptions }) => {
    expectObservable(cold('#', events).pipe(knownIp())).toBe('#');
    expectObservable(cold('|', events).pipe(knownIp())).toBe('|');
    const endless$ = cold('a-', events);
    expectObservable(endless$.pipe(knownIp()), '^--!').toBe('A---', known);
    expectSubscriptions(endless$.subscriptions).toBe('^--!');
  });
});
