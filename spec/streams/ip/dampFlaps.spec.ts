import type { SchedulerLike } from 'rxjs';
import type { OwnIp } from '#src/domain/ip/source.js';
import { dampFlaps } from '#src/streams/ip/dampFlaps.js';
import { virtualClock } from '../../support/clock.js';
import { marbles } from '../../support/marbles.js';

describe('dampFlaps', () => {
  const damped = (scheduler: SchedulerLike) => dampFlaps(virtualClock(scheduler), scheduler);
  const own = (ip: string, ...agreed: string[]): OwnIp => ({ ip, agreed });
  const names = 'abcdefgh'.split('');
  const ips = Object.fromEntries(names.map((name, i): [string, OwnIp] => [name, own(`1.1.1.${i}`)]));
  const out = Object.fromEntries(names.map((name) => [name, { kind: 'announce', own: ips[name] }]));
  const held = (name: string, at: number) => ({ kind: 'ip.held', at, ip: ips[name]?.ip, quietMs: 300_000 });

  marbles(
    'lets five changes through at once; a sixth waits until it has stood for five minutes',
    ({ cold, scheduler, expectObservable }) => {
      const ip$ = cold('abcdefg', ips);
      const expected = '        abcdefh 299999ms g';

      expectObservable(ip$.pipe(damped(scheduler)), '^ 310s !').toBe(expected, { ...out, h: held('g', 6) });
    },
  );

  marbles('an address that comes and goes meanwhile is never let through', ({ cold, scheduler, expectObservable }) => {
    const ip$ = cold('abcdefg 9s h', ips);
    const expected = '        abcdefx 9s y 299999ms h';

    expectObservable(ip$.pipe(damped(scheduler)), '^ 330s !').toBe(expected, {
      ...out,
      x: held('g', 6),
      y: held('h', 9_007),
    });
  });

  marbles(
    'going back to the address that was let through last needs no waiting',
    ({ cold, scheduler, expectObservable }) => {
      const ip$ = cold('abcdefg 9s f', ips);
      const expected = '        abcdefx 9s f';

      expectObservable(ip$.pipe(damped(scheduler)), '^ 330s !').toBe(expected, { ...out, x: held('g', 6) });
    },
  );

  marbles('changes long ago do not count', ({ cold, scheduler, expectObservable }) => {
    const ip$ = cold('abcdef 10m g', ips);
    const expected = '        abcdef 10m g';

    expectObservable(ip$.pipe(damped(scheduler)), '^ 11m !').toBe(expected, out);
  });

  marbles('an address that is not known passes', ({ cold, scheduler, expectObservable }) => {
    const ip$ = cold<OwnIp | undefined>('u|', { u: undefined });

    expectObservable(ip$.pipe(damped(scheduler))).toBe('u|', { u: { kind: 'announce', own: undefined } });
  });

  marbles(
    'unsubscribes from the source and from the waiting',
    ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const ip$ = cold('abcdefg', ips);
      const subs = '            ^------ 1s !';

      expectObservable(ip$.pipe(damped(scheduler)), '^------ 1s !').toBe('abcdefh', { ...out, h: held('g', 6) });
      expectSubscriptions(ip$.subscriptions).toBe(subs);
    },
  );

  marbles(
    'lets what is held through though its source is done, and nothing after an error',
    ({ cold, scheduler, expectObservable }) => {
      expectObservable(cold('abcdefg|', ips).pipe(damped(scheduler))).toBe('abcdefh 299999ms (g|)', {
        ...out,
        h: held('g', 6),
      });
      expectObservable(cold('abcdefg#', ips).pipe(damped(scheduler))).toBe('abcdefh#', { ...out, h: held('g', 6) });
    },
  );

  marbles(
    'goes by the clock that never jumps: a day forward or back frees nobody',
    ({ cold, scheduler, expectObservable }) => {
      const wall = () => scheduler.now() + (scheduler.now() < 4 ? 0 : 86_400_000);
      const clock = { wall, steady: () => scheduler.now() };

      expectObservable(cold('abcdefg', ips).pipe(dampFlaps(clock, scheduler)), '^ 1s !').toBe('abcdefh', {
        ...out,
        h: held('g', 86_400_006),
      });
    },
  );

  marbles('hands on an error, and completes with its source', ({ cold, scheduler, expectObservable }) => {
    expectObservable(cold('a#', ips).pipe(damped(scheduler))).toBe('a#', out);
    expectObservable(cold('|', ips).pipe(damped(scheduler))).toBe('|');
  });
});
