import { alongside } from '#src/streams/operators/alongside.js';
import { retryUntilStopped } from '#src/streams/operators/retryUntilStopped.js';
import { expect } from 'chai';
import { lastValueFrom, map, NEVER, ReplaySubject, toArray } from 'rxjs';
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

describe('retryUntilStopped', () => {
  const options = { stop$: NEVER, wall: () => 7, explain: (error: unknown) => String(error) };

  it('tries until it is done, and tells of each failure', async () => {
    let tries = 0;
    const step = () => ((tries += 1) < 3 ? Promise.reject(new Error(`no ${String(tries)}`)) : Promise.resolve('yes'));
    const told$ = retryUntilStopped('a step', step, options).pipe(
      map((event) => (event.kind === 'done' ? event.value : event.reason)),
      toArray(),
    );
    expect(await lastValueFrom(told$, { defaultValue: [] })).to.deep.equal(['Error: no 1', 'Error: no 2', 'yes']);
  });

  it('gives up where the program stops', async () => {
    const stop$ = new ReplaySubject<void>(1);
    stop$.next();
    const told$ = retryUntilStopped('a step', () => Promise.reject(new Error('no')), { ...options, stop$ }).pipe(
      toArray(),
    );
    expect(await lastValueFrom(told$, { defaultValue: [] })).to.have.length(1);
  });
});
