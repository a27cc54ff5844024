import { alongside } from '#src/streams/operators/alongside.js';
import { marbles } from '../../support/marbles.js';

describe('alongside', () => {
  marbles(
    'runs the endless stream for as long as the source lasts',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const work$ = cold(' --a--b--|');
      const beside$ = cold('x--y--z--w');
      const besideSubs = ' ^-------!';
      const expected = '   x-ay-bz-|';
      expectObservable(work$.pipe(alongside(beside$))).toBe(expected);
      expectSubscriptions(beside$.subscriptions).toBe(besideSubs);
    },
  );

  marbles('an error of either ends both', ({ cold, expectObservable, expectSubscriptions }) => {
    const work$ = cold('--#');
    const beside$ = cold('-x-');
    expectObservable(work$.pipe(alongside(beside$))).toBe('-x#');
    expectSubscriptions(beside$.subscriptions).toBe('^-!');
  });

  marbles('lets go of both', ({ cold, expectObservable, expectSubscriptions }) => {
    const work$ = cold('---');
    const beside$ = cold('---');
    expectObservable(work$.pipe(alongside(beside$)), '^-!').toBe('');
    expectSubscriptions(work$.subscriptions).toBe('^-!');
    expectSubscriptions(beside$.subscriptions).toBe('^-!');
  });
});
