import { defer, merge, type Observable } from 'rxjs';
import { pace } from '#src/streams/operators/pace.js';
import { marbles } from '../../support/marbles.js';

describe('pace', () => {
  marbles('spaces the subscriptions evenly, each before it asks', (m) => {
    const item$ = m.cold(' (x|)');
    const itemSubs = ['    (^!)', '----(^!)', '--------(^!)'];
    const expected = '     x---x---(x|)';

    const next$ = item$.pipe(pace(4, m.scheduler));

    m.expectObservable(merge(next$, next$, next$)).toBe(expected);
    m.expectSubscriptions(item$.subscriptions).toBe(itemSubs);
  });

  marbles('a subscription that is late already does not wait', ({ cold, scheduler, expectObservable }) => {
    const item$ = cold('  (x|)');
    const first = '       ^--';
    const late = '        ------------^';
    const next$ = item$.pipe(pace(4, scheduler));

    expectObservable(next$, first).toBe('(x|)');
    expectObservable(next$, late).toBe('------------(x|)');
  });

  marbles('once one finds nothing left, those that wait complete, and later ones at once', (m) => {
    const none$ = m.cold('-|');
    const item$ = m.cold('        (x|)');
    const items: Observable<string>[] = [item$];
    const next$ = defer(() => items.shift() ?? none$).pipe(pace(10, m.scheduler));
    const expected = '            x----------|';

    m.expectObservable(merge(next$, next$, next$, next$)).toBe(expected);
    m.expectSubscriptions(none$.subscriptions).toBe(['----------^!']);
    m.expectObservable(next$, '--------------------^').toBe('--------------------|');
  });

  marbles('does nothing where no gap is wanted', ({ cold, scheduler, expectObservable }) => {
    expectObservable(cold('(abc|)').pipe(pace(0, scheduler))).toBe('(abc|)');
  });

  marbles('hands on an error', ({ cold, scheduler, expectObservable }) => {
    expectObservable(cold('-#').pipe(pace(10, scheduler))).toBe('-#');
  });

  marbles('lets go of a source that is silent, and of the wait for a turn', (m) => {
    const silent$ = m.cold('------');
    const unsub = '          ^--!';
    const next$ = silent$.pipe(pace(10, m.scheduler));

    m.expectObservable(merge(next$, next$), unsub).toBe('----');
    m.expectSubscriptions(silent$.subscriptions).toBe(unsub);
  });
});
