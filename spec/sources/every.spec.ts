import { expect } from 'chai';
import { concat, exhaustMap, map, mergeMap, NEVER, of, take } from 'rxjs';
import { every } from '#src/sources/every.js';
import { marbles } from '../support/marbles.js';

describe('every', () => {
  const tick = map(() => 'x');

  marbles('ticks at once and then at its interval', ({ scheduler, expectObservable }) => {
    const unsub = '   ^---------!';
    const expected = 'x---x---x-';

    expectObservable(every({ intervalMs: 4, scheduler }).pipe(tick), unsub).toBe(expected);
  });

  marbles('begins with a pause where that is wanted', ({ scheduler, expectObservable }) => {
    const unsub = '   ^---------!';
    const expected = '----x---x-';

    expectObservable(every({ intervalMs: 4, atOnce: false, scheduler }).pipe(tick), unsub).toBe(expected);
  });

  marbles('comes early and late by its jitter', ({ scheduler, expectObservable }) => {
    const unsub = '   ^--------------!';
    const expected = 'x-x---x-----x--';

    const randoms = [0, 0.5, 1];
    const random = () => randoms.shift() ?? 0.5;

    expectObservable(every({ intervalMs: 4, jitter: 0.5, random, scheduler }).pipe(tick), unsub).toBe(expected);
  });

  marbles('the first pause has its jitter too', ({ scheduler, expectObservable }) => {
    const unsub = '   ^---------!';
    const expected = '--x-x-x-x-';

    const tick$ = every({ intervalMs: 4, jitter: 0.5, atOnce: false, random: () => 0, scheduler });

    expectObservable(tick$.pipe(tick), unsub).toBe(expected);
  });

  marbles('keeps its time whatever a tick sets off', ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
    const slow$ = cold(' ----s|');
    const slowSubs = ['  ^----!', '--------^----!'];
    const other$ = cold('----o|');
    const otherSubs = [' ^----!', '----^----!', '--------^----!', '------------^-!'];
    const unsub = '      ^-------------!';
    const skipping = '   ----s-------s--';
    const sideBySide = ' ----o---o---o--';

    const tick$ = every({ intervalMs: 4, scheduler });

    expectObservable(tick$.pipe(exhaustMap(() => slow$)), unsub).toBe(skipping);
    expectSubscriptions(slow$.subscriptions).toBe(slowSubs);
    expectObservable(tick$.pipe(mergeMap(() => other$, 9)), unsub).toBe(sideBySide);
    expectSubscriptions(other$.subscriptions).toBe(otherSubs);
  });

  marbles('an error in what a tick sets off ends it', ({ cold, scheduler, expectObservable }) => {
    const bad$ = cold('-#');
    const expected = ' ----x#';

    const tick$ = every({ intervalMs: 4, scheduler });

    expectObservable(tick$.pipe(mergeMap((_, i) => (i === 0 ? NEVER : concat(of('x'), bad$)), 2))).toBe(expected);
  });

  marbles('arms no timer after the last tick that anybody wants', ({ scheduler, expectObservable, flush }) => {
    const expected = ' x---(x|)';

    let pauses = 0;
    const random = () => {
      pauses += 1;
      return 0.5;
    };

    expectObservable(every({ intervalMs: 4, jitter: 1, random, scheduler }).pipe(tick, take(2))).toBe(expected);
    flush();
    expect(pauses).to.equal(1);
  });
});
