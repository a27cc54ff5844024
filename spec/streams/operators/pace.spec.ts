import { defer, merge } from 'rxjs';
import { pace } from '#src/streams/operators/pace.js';
import { marbles } from '../../support/marbles.js';

describe('pace', () => {
  marbles('spaces the items of all subscriptions evenly', ({ cold, scheduler, expectObservable }) => {
    const item$ = cold('(x|)');
    const expected = '  x---x---(x|)';

    const next$ = item$.pipe(pace(4, scheduler));

    expectObservable(merge(next$, next$, next$)).toBe(expected);
  });

  marbles('spaces items that come together, and keeps their order', ({ cold, scheduler, expectObservable }) => {
    const item$ = cold('--(abc|)');
    const expected = '  --a---b---(c|)';

    expectObservable(item$.pipe(pace(4, scheduler))).toBe(expected);
  });

  marbles('holds nobody up who is late already', ({ cold, scheduler, expectObservable }) => {
    const item$ = cold('x-----------(yz)|');
    const expected = '  x-----------(yz)|';

    expectObservable(item$.pipe(pace(4, scheduler))).toBe(expected);
  });

  marbles('the n-th item comes n gaps after the first, not later', ({ cold, scheduler, expectObservable }) => {
    const item$ = cold('a-----bcd|');
    const expected = '  a-----b-c---(d|)';

    expectObservable(item$.pipe(pace(4, scheduler))).toBe(expected);
  });

  marbles('counts the gaps from the first item, not from the beginning', ({ cold, scheduler, expectObservable }) => {
    const item$ = cold('-----(ab|)');
    const expected = '  -----a---(b|)';

    expectObservable(item$.pipe(pace(4, scheduler))).toBe(expected);
  });

  marbles('takes no turn where there is no item', ({ cold, scheduler, expectObservable }) => {
    const none$ = cold('|');
    const item$ = cold('(x|)');
    const expected = '  x---(x|)';

    const items = [none$, item$, none$, item$];
    const next$ = defer(() => items.shift() ?? none$).pipe(pace(4, scheduler));

    expectObservable(none$.pipe(pace(4, scheduler))).toBe('|');
    expectObservable(merge(next$, next$, next$, next$)).toBe(expected);
  });

  marbles('does nothing where no gap is wanted', ({ cold, scheduler, expectObservable }) => {
    const item$ = cold('(abc|)');
    const expected = '  (abc|)';

    expectObservable(item$.pipe(pace(0, scheduler))).toBe(expected);
  });

  marbles('an error does not wait for its turn', ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
    const item$ = cold('abc#');
    const itemSubs = '  ^--!';
    const expected = '  a--#';

    expectObservable(item$.pipe(pace(10, scheduler))).toBe(expected);
    expectSubscriptions(item$.subscriptions).toBe(itemSubs);
  });

  marbles(
    'lets go at once of a source that is silent, and of what waits for its turn',
    ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const item$ = cold('ab----');
      const silent$ = cold('------');
      const unsub = '     ^--!';
      const expected = '  a---';

      expectObservable(item$.pipe(pace(10, scheduler)), unsub).toBe(expected);
      expectSubscriptions(item$.subscriptions).toBe(unsub);
      expectObservable(silent$.pipe(pace(10, scheduler)), unsub).toBe('----');
      expectSubscriptions(silent$.subscriptions).toBe(unsub);
    },
  );
});
