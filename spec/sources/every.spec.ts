import { map } from 'rxjs';
import { every } from '#src/sources/every.js';
import { marbles } from '../support/marbles.js';

describe('every', () => {
  const tick = map(() => 'x');

  marbles('ticks at once and then at its interval', ({ scheduler, expectObservable }) => {
    expectObservable(every({ intervalMs: 4, scheduler }).pipe(tick), '^---------!').toBe('x---x---x-');
  });

  marbles('begins with a pause where that is wanted', ({ scheduler, expectObservable }) => {
    expectObservable(every({ intervalMs: 4, atOnce: false, scheduler }).pipe(tick), '^---------!').toBe('----x---x-');
  });

  marbles('comes early and late by its jitter', ({ scheduler, expectObservable }) => {
    const randoms = [0, 0.5, 1];
    const random = () => randoms.shift() ?? 0.5;
    const tick$ = every({ intervalMs: 4, jitter: 0.5, random, scheduler }).pipe(tick);
    expectObservable(tick$, '^--------------!').toBe('x-x---x-----x--');
  });
});
