import { alongside } from '#src/streams/operators/alongside.js';
import { marbles } from '../../support/marbles.js';

describe('alongside', () => {
  marbles(
    'runs the endless stream for as long as the source lasts',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const work$ = cold('  --a--b--|');
      const beside$ = cold('x--y--z--w');
      const besideSubs = '  ^-------!';
      const expected = '    x-ay-bz-|';

      expectObservable(work$.pipe(alongside(beside$))).toBe(expected);
      expectSubscriptions(beside$.subscriptions).toBe(besideSubs);
    },
  );

  marbles(
    'begins before the source, which misses nothing that the source says at once',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const work$ = cold('  (ab|)');
      const beside$ = cold('x----');
      const besideSubs = '  (^!)';
      const expected = '    (xab|)';

      expectObservable(work$.pipe(alongside(beside$))).toBe(expected);
      expectSubscriptions(beside$.subscriptions).toBe(besideSubs);
    },
  );

  marbles('ends with a source that is empty', ({ cold, expectObservable, expectSubscriptions }) => {
    const work$ = cold('  ---|');
    const beside$ = cold('-x---');
    const besideSubs = '  ^--!';
    const expected = '    -x-|';

    expectObservable(work$.pipe(alongside(beside$))).toBe(expected);
    expectSubscriptions(beside$.subscriptions).toBe(besideSubs);
  });

  marbles('goes on where the other stream has ended', ({ cold, expectObservable, expectSubscriptions }) => {
    const work$ = cold('  --a--b|');
    const beside$ = cold('-x|');
    const workSubs = '    ^-----!';
    const expected = '    -xa--b|';

    expectObservable(work$.pipe(alongside(beside$))).toBe(expected);
    expectSubscriptions(work$.subscriptions).toBe(workSubs);
  });

  marbles('an error of either ends both', ({ cold, expectObservable, expectSubscriptions }) => {
    const badWork$ = cold('  --#');
    const beside$ = cold('   -x-');
    const besideSubs = '     ^-!';
    const work$ = cold('     a---');
    const badBeside$ = cold('--#');
    const workSubs = '       ^-!';

    expectObservable(badWork$.pipe(alongside(beside$))).toBe('-x#');
    expectSubscriptions(beside$.subscriptions).toBe(besideSubs);
    expectObservable(work$.pipe(alongside(badBeside$))).toBe('a-#');
    expectSubscriptions(work$.subscriptions).toBe(workSubs);
  });

  marbles('lets go of both, silent or not', ({ cold, expectObservable, expectSubscriptions }) => {
    const work$ = cold('  ---');
    const beside$ = cold('---');
    const unsub = '       ^-!';
    const expected = '    ---';

    expectObservable(work$.pipe(alongside(beside$)), unsub).toBe(expected);
    expectSubscriptions(work$.subscriptions).toBe(unsub);
    expectSubscriptions(beside$.subscriptions).toBe(unsub);
  });
});
