import { concat, merge, NEVER, of, shareReplay, startWith, takeUntil, type MonoTypeOperatorFunction } from 'rxjs';
import { drainAndRestart } from '#src/streams/operators/drainAndRestart.js';
import { marbles } from '../../support/marbles.js';

describe('drainAndRestart', () => {
  const replayed = (): MonoTypeOperatorFunction<string> => shareReplay({ bufferSize: 1, refCount: true });

  marbles('runs once under settings that stay', ({ cold, expectObservable, expectSubscriptions }) => {
    const settings$ = concat(of('a'), NEVER).pipe(replayed());
    const work$ = cold('--x--y|');
    const workSubs = '  ^-----!';
    const expected = '  --x--y|';

    expectObservable(drainAndRestart(settings$, () => work$)).toBe(expected);
    expectSubscriptions(work$.subscriptions).toBe(workSubs);
  });

  marbles(
    'lets what is in flight end before it runs again under the newest settings',
    ({ cold, hot, expectObservable, expectSubscriptions }) => {
      const settings$ = hot('   ---b-c----').pipe(startWith('a'), replayed());
      const asking$ = cold('    -----------');
      const askingSubs = '      ^--!';
      const inFlight$ = cold('  -------x|');
      const inFlightSubs = '    ^-------!';
      const next$ = cold('              -y|');
      const nextSubs = '        --------^-!';
      const expected = '        -------x-y|';

      const result$ = drainAndRestart(settings$, (settings, changed$) => {
        if (settings === 'a') return merge(asking$.pipe(takeUntil(changed$)), inFlight$);
        return settings === 'c' ? next$ : cold('#');
      });

      expectObservable(result$).toBe(expected);
      expectSubscriptions(asking$.subscriptions).toBe(askingSubs);
      expectSubscriptions(inFlight$.subscriptions).toBe(inFlightSubs);
      expectSubscriptions(next$.subscriptions).toBe(nextSubs);
    },
  );

  marbles('work that begins after a change is told of it as well', ({ cold, hot, expectObservable }) => {
    const settings$ = hot(' --b-------').pipe(startWith('a'), replayed());
    const late$ = cold('    ----l|');
    const expected = '      ----l(n|)';

    const result$ = drainAndRestart(settings$, (settings, changed$) =>
      settings === 'a' ? concat(late$, cold('x').pipe(takeUntil(changed$))) : of('n'),
    );

    expectObservable(result$).toBe(expected);
  });

  marbles('an error ends it, and so does unsubscribing', ({ cold, expectObservable, expectSubscriptions }) => {
    const settings$ = concat(of('a'), NEVER).pipe(replayed());
    expectObservable(drainAndRestart(settings$, () => cold('-#'))).toBe('-#');
    const work$ = cold('---x');
    expectObservable(
      drainAndRestart(settings$, () => work$),
      '^-!',
    ).toBe('---');
    expectSubscriptions(work$.subscriptions).toBe('^-!');
  });
});
