import type { SchedulerLike } from 'rxjs';
import type { SchedulerEvent } from '#src/events.js';
import { dampFlaps } from '#src/streams/ip/dampFlaps.js';
import { knownIp, type KnownIp } from '#src/streams/ip/knownIp.js';
import { marbles } from '../../support/marbles.js';

const confirmed = (ip: string): SchedulerEvent => ({ kind: 'ip.confirmed', at: 0, ip });

describe('knownIp', () => {
  const values: Record<string, SchedulerEvent> = {
    a: confirmed('1.1.1.1'),
    b: confirmed('8.8.8.8'),
    u: { kind: 'ip.unknown', at: 0 },
    d: { kind: 'ip.disagreed', at: 0, answers: [] },
    p: { kind: 'ip.polled', at: 0, source: 'dns', result: 'ok' },
  };
  const known = { A: { ip: '1.1.1.1' }, B: { ip: '8.8.8.8' }, U: { ip: undefined } };

  marbles('says each change once', ({ cold, expectObservable }) => {
    expectObservable(cold('pa-a-b-b-a|', values).pipe(knownIp())).toBe('-A---B---A|', known);
  });

  marbles('a poll in vain never clears what is known', ({ cold, expectObservable }) => {
    expectObservable(cold('a-u-d-a|', values).pipe(knownIp())).toBe('A------|', known);
  });

  marbles('a first poll in vain leaves the word to what was stored', ({ cold, expectObservable }) => {
    expectObservable(cold('u-d-a|', values).pipe(knownIp())).toBe('U---A|', known);
  });

  marbles('hands on an error, and completes empty', ({ cold, expectObservable }) => {
    expectObservable(cold('#', values).pipe(knownIp())).toBe('#');
    expectObservable(cold('|', values).pipe(knownIp())).toBe('|');
  });
});

describe('dampFlaps', () => {
  const holding = (scheduler: SchedulerLike) => {
    const now = (): number => scheduler.now();
    return dampFlaps(now, now, scheduler);
  };

  const ips = Object.fromEntries('abcdefgh'.split('').map((name, i) => [name, { ip: `1.1.1.${String(i)}` }]));
  const held = (name: string, at: number) => ({ kind: 'ip.held', at, ip: ips[name]?.ip, quietMs: 300_000 });

  marbles(
    'lets five changes through at once; a sixth waits until it has stood for five minutes',
    ({ cold, scheduler, expectObservable }) => {
      const known$ = cold<KnownIp>('abcdefg', ips);
      const expected = '            abcdefh 299999ms g';
      expectObservable(known$.pipe(holding(scheduler)), '^ 310s !').toBe(expected, {
        ...ips,
        h: held('g', 6),
      });
    },
  );

  marbles('an address that comes and goes meanwhile is never let through', ({ cold, scheduler, expectObservable }) => {
    const known$ = cold<KnownIp>('abcdefg 9s h', ips);
    const expected = '            abcdefx 9s y 299999ms h';
    expectObservable(known$.pipe(holding(scheduler)), '^ 330s !').toBe(expected, {
      ...ips,
      x: held('g', 6),
      y: held('h', 9_007),
    });
  });

  marbles(
    'going back to the address that was let through last needs no waiting',
    ({ cold, scheduler, expectObservable }) => {
      const known$ = cold<KnownIp>('abcdefg 9s f', ips);
      const expected = '            abcdefx 9s f';
      expectObservable(known$.pipe(holding(scheduler)), '^ 330s !').toBe(expected, {
        ...ips,
        x: held('g', 6),
      });
    },
  );

  marbles('changes long ago do not count', ({ cold, scheduler, expectObservable }) => {
    const known$ = cold<KnownIp>('abcdef 10m g', ips);
    expectObservable(known$.pipe(holding(scheduler)), '^ 11m !').toBe('abcdef 10m g', ips);
  });

  marbles('an address that is not known passes', ({ cold, scheduler, expectObservable }) => {
    const known$ = cold<KnownIp>('u|', { u: { ip: undefined } });
    expectObservable(known$.pipe(holding(scheduler))).toBe('u|', { u: { ip: undefined } });
  });

  marbles('lets go of the waiting one', ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
    const known$ = cold<KnownIp>('abcdefg', ips);
    expectObservable(known$.pipe(holding(scheduler)), '^--!').toBe('abc', ips);
    expectSubscriptions(known$.subscriptions).toBe('^--!');
  });
});
