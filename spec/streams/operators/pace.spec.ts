import { merge, of } from 'rxjs';
import { pace } from '#src/streams/operators/pace.js';
import { marbles } from '../../support/marbles.js';

describe('pace', () => {
  marbles('spaces the items of all lanes evenly', ({ scheduler, expectObservable }) => {
    const next$ = of('x').pipe(pace(4, scheduler));
    expectObservable(merge(next$, next$, next$)).toBe('x---x---(x|)');
  });

  marbles('holds nobody up who is late already', ({ cold, scheduler, expectObservable }) => {
    const next$ = cold('x-----------(yz)|').pipe(pace(4, scheduler));
    expectObservable(next$).toBe('x-----------(yz)|');
  });

  marbles('does nothing where no gap is wanted', ({ cold, scheduler, expectObservable }) => {
    expectObservable(cold('(abc|)').pipe(pace(0, scheduler))).toBe('(abc|)');
  });

  marbles('lets go at once', ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
    const next$ = cold('ab-');
    expectObservable(next$.pipe(pace(10, scheduler)), '^--!').toBe('a--');
    expectSubscriptions(next$.subscriptions).toBe('^--!');
  });
});
