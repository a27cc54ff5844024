import type { Observable } from 'rxjs';
import type { SchedulerEvent } from '#src/events.js';
import { rounds } from '#src/streams/sync/rounds.js';
import { marbles } from '../../support/marbles.js';

describe('rounds', () => {
  const started = (round: number, at: number): SchedulerEvent => ({
    kind: 'round.started',
    at,
    lane: 'regular',
    round,
  });
  const skipped = (at: number): SchedulerEvent => ({ kind: 'round.skipped', at, lane: 'regular' });
  const finished = (
    round: number,
    at: number,
    tookMs: number,
    ok = 0,
    failed = 0,
    aborted = false,
  ): SchedulerEvent => ({
    kind: 'round.finished',
    at,
    lane: 'regular',
    round,
    tookMs,
    ok,
    failed,
    aborted,
    local: 0,
  });
  const checked = (ok: boolean): SchedulerEvent => ({
    kind: 'peer.checked',
    lane: 'regular',
    check: {
      uuid: 'u',
      at: 0,
      outcome: ok ? { ok, latencyMs: 1 } : { ok, reason: 'timeout' },
      counted: true,
      before: undefined,
      state: undefined,
      failures: 0,
    },
  });
  const values = { t: checked(true), f: checked(false) };

  const over = (now: () => number, work: (n: number) => Observable<SchedulerEvent>, stopping = false) =>
    rounds<string>({ lane: 'regular', now, stopping: () => stopping, round: work });

  marbles(
    'runs one round a tick, and skips and counts a tick that comes during a round',
    ({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const tick$ = hot('  x--x------x----|');
      const work$ = cold<SchedulerEvent>('-----t|', values);
      const workSubs = ['  ^-----!', '----------^-----!'];
      const expected = '   a--b-te---c----t(f|)';

      const event$ = tick$.pipe(
        over(
          () => scheduler.now(),
          () => work$,
        ),
      );

      expectObservable(event$).toBe(expected, {
        ...values,
        a: started(1, 0),
        b: skipped(3),
        e: finished(1, 6, 6, 1),
        c: started(2, 10),
        f: finished(2, 16, 6, 1),
      });
      expectSubscriptions(work$.subscriptions).toBe(workSubs);
    },
  );

  marbles('counts what was answered and what failed', ({ hot, cold, scheduler, expectObservable }) => {
    const tick$ = hot('x---------');
    const work$ = cold<SchedulerEvent>('-tfft|', values);

    const event$ = tick$.pipe(
      over(
        () => scheduler.now(),
        () => work$,
      ),
    );

    expectObservable(event$, '^--------!').toBe('atfftb', {
      a: started(1, 0),
      ...values,
      b: finished(1, 5, 5, 2, 2),
    });
  });

  marbles('an empty round begins and ends in the same instant', ({ hot, cold, scheduler, expectObservable }) => {
    const tick$ = hot('x---x---|');
    const work$ = cold<SchedulerEvent>('|');

    const event$ = tick$.pipe(
      over(
        () => scheduler.now(),
        () => work$,
      ),
    );

    expectObservable(event$).toBe('(ab)(cd)|', {
      a: started(1, 0),
      b: finished(1, 0, 0),
      c: started(2, 4),
      d: finished(2, 4, 0),
    });
  });

  marbles(
    'finishes the round under way after the last tick, and says that it was cut short',
    ({ hot, cold, scheduler, expectObservable }) => {
      const tick$ = hot('x-|');
      const work$ = cold<SchedulerEvent>('---t|', values);

      const event$ = tick$.pipe(
        over(
          () => scheduler.now(),
          () => work$,
          true,
        ),
      );

      expectObservable(event$).toBe('a--t(b|)', { a: started(1, 0), ...values, b: finished(1, 4, 4, 1, 0, true) });
    },
  );

  marbles(
    'lets go of the round when nobody listens any more',
    ({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const tick$ = hot('x------');
      const work$ = cold<SchedulerEvent>('-');
      const workSubs = '  ^--!';

      expectObservable(
        tick$.pipe(
          over(
            () => scheduler.now(),
            () => work$,
          ),
        ),
        '^--!',
      ).toBe('a', { a: started(1, 0) });
      expectSubscriptions(work$.subscriptions).toBe(workSubs);
    },
  );
});
