import { concat, merge, NEVER, of, shareReplay, startWith, takeUntil, type MonoTypeOperatorFunction } from 'rxjs';
import { drainAndRestart } from '#src/streams/operators/drainAndRestart.js';
import { marbles } from '../../support/marbles.js';

describe('drainAndRestart', () => {
  const replayed = (): MonoTypeOperatorFunction<string> => shareReplay({ bufferSize: 1, refCount: true });

  marbles(
    'runs once under settings that stay, and lets go of them at the end',
    ({ cold, hot, expectObservable, expectSubscriptions }) => {
      const change$ = hot('--------');
      const changeSubs = ' ^-----!';
      const work$ = cold(' --x--y|');
      const workSubs = '   ^-----!';
      const expected = '   --x--y|';

      const settings$ = change$.pipe(startWith('a'), replayed());

      expectObservable(drainAndRestart(settings$, () => work$)).toBe(expected);
      expectSubscriptions(work$.subscriptions).toBe(workSubs);
      expectSubscriptions(change$.subscriptions).toBe(changeSubs);
    },
  );

  marbles('does not run again where there was nothing to do', ({ cold, expectObservable, expectSubscriptions }) => {
    const settings$ = concat(of('a'), NEVER).pipe(replayed());
    const work$ = cold('|');
    const workSubs = '  (^!)';
    const expected = '  |';

    expectObservable(drainAndRestart(settings$, () => work$)).toBe(expected);
    expectSubscriptions(work$.subscriptions).toBe(workSubs);
  });

  marbles(
    'lets what is in flight end before it runs again under the newest settings',
    ({ cold, hot, expectObservable, expectSubscriptions }) => {
      const settings$ = hot(' ---b-c----').pipe(startWith('a'), replayed());
      const asking$ = cold('  -----------');
      const askingSubs = '    ^--!';
      const inFlight$ = cold('-------x|');
      const inFlightSubs = '  ^-------!';
      const next$ = cold('            -y|');
      const nextSubs = '      --------^-!';
      const expected = '      -------x-y|';

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

  marbles('runs again for each change', ({ cold, hot, expectObservable, expectSubscriptions }) => {
    const settings$ = hot('--b--c---').pipe(startWith('a'), replayed());
    const asking$ = cold(' ---------');
    const askingSubs = ['  ^-!', '   --^--!', '   -----^---!'];
    const unsub = '        ^--------!';
    const expected = '     ---------';

    const result$ = drainAndRestart(settings$, (_, changed$) => asking$.pipe(takeUntil(changed$)));

    expectObservable(result$, unsub).toBe(expected);
    expectSubscriptions(asking$.subscriptions).toBe(askingSubs);
  });

  marbles('work that begins after a change is told of it as well', ({ cold, hot, expectObservable }) => {
    const settings$ = hot('--b-------').pipe(startWith('a'), replayed());
    const late$ = cold('   ----l|');
    const expected = '     ----l(n|)';

    const result$ = drainAndRestart(settings$, (settings, changed$) =>
      settings === 'a' ? concat(late$, cold('x').pipe(takeUntil(changed$))) : of('n'),
    );

    expectObservable(result$).toBe(expected);
  });

  marbles(
    'what is in flight and never ends holds up the next run, and nothing is aborted',
    ({ cold, hot, expectObservable, expectSubscriptions }) => {
      const settings$ = hot('--b------').pipe(startWith('a'), replayed());
      const stuck$ = cold('  -x-------');
      const unsub = '        ^-------!';
      const expected = '     -x-------';

      const result$ = drainAndRestart(settings$, (settings) => (settings === 'a' ? stuck$ : of('never')));

      expectObservable(result$, unsub).toBe(expected);
      expectSubscriptions(stuck$.subscriptions).toBe(unsub);
    },
  );

  marbles('goes on under the last settings where no more can come', ({ cold, hot, expectObservable }) => {
    const settings$ = hot('--b|').pipe(startWith('a'), replayed());
    const a$ = cold('      ---a|');
    const b$ = cold('          -b|');
    const expected = '     ---a-b|';

    expectObservable(drainAndRestart(settings$, (settings) => (settings === 'a' ? a$ : b$))).toBe(expected);
  });

  marbles(
    'an error of the work ends it, and so does one of the settings',
    ({ cold, hot, expectObservable, expectSubscriptions }) => {
      const settings$ = concat(of('a'), NEVER).pipe(replayed());
      const badWork$ = cold('   -#');
      const badSettings$ = hot('---#').pipe(startWith('a'), replayed());
      const work$ = cold('      -x---');
      const workSubs = '        ^--!';

      expectObservable(drainAndRestart(settings$, () => badWork$)).toBe('-#');
      expectObservable(drainAndRestart(badSettings$, () => work$)).toBe('-x-#');
      expectSubscriptions(work$.subscriptions).toBe(workSubs);
    },
  );

  marbles('an unsubscription lets go of the work and the settings', ({ cold, hot, expectObservable, ...m }) => {
    const change$ = hot('---b----');
    const work$ = cold(' -----x--');
    const unsub = '      ^---!';
    const expected = '   -----';

    const settings$ = change$.pipe(startWith('a'), replayed());

    expectObservable(
      drainAndRestart(settings$, () => work$),
      unsub,
    ).toBe(expected);
    m.expectSubscriptions(work$.subscriptions).toBe(unsub);
    m.expectSubscriptions(change$.subscriptions).toBe(unsub);
  });
});
