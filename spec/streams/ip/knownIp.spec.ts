import { distinctUntilChanged } from 'rxjs';
import type { OwnIp } from '#src/domain/ip/source.js';
import type { SchedulerEvent } from '#src/events.js';
import { isSameIp, knownIp } from '#src/streams/ip/knownIp.js';
import { marbles } from '../../support/marbles.js';

describe('knownIp', () => {
  const confirmed = (ip: string, agreed = ['dns']): SchedulerEvent => ({ kind: 'ip.confirmed', at: 0, ip, agreed });
  const events: Record<string, SchedulerEvent> = {
    a: confirmed('1.1.1.1'),
    b: confirmed('8.8.8.8'),
    o: confirmed('1.1.1.1', ['https']),
    u: { kind: 'ip.unknown', at: 0, failures: [], known: undefined },
    d: { kind: 'ip.disagreed', at: 0, answers: [] },
    p: { kind: 'ip.polled', at: 0, source: 'dns', result: 'ok' },
  };
  const known: Record<string, OwnIp | undefined> = {
    A: { ip: '1.1.1.1', agreed: ['dns'] },
    B: { ip: '8.8.8.8', agreed: ['dns'] },
    O: { ip: '1.1.1.1', agreed: ['https'] },
    U: undefined,
  };

  marbles('gives the address as known after each poll', ({ cold, expectObservable, expectSubscriptions }) => {
    const event$ = cold('pa-a-b-b-a|', events);
    const subs = '       ^---------!';
    const expected = '   -A-A-B-B-A|';

    expectObservable(event$.pipe(knownIp())).toBe(expected, known);
    expectSubscriptions(event$.subscriptions).toBe(subs);
  });

  marbles(
    'with distinctUntilChanged gives each change once, whoever bears it out later',
    ({ cold, expectObservable }) => {
      const event$ = cold('pa-o-b-b-u-o|', events);
      const expected = '   -A---B-----O|';

      expectObservable(event$.pipe(knownIp(), distinctUntilChanged(isSameIp))).toBe(expected, known);
    },
  );

  marbles('tells no address at all from one', ({ cold, expectObservable }) => {
    const event$ = cold('u-u-a-d-a|', events);
    const expected = '   U---A----|';

    expectObservable(event$.pipe(knownIp(), distinctUntilChanged(isSameIp))).toBe(expected, known);
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
