import { expect } from 'chai';
import { NEVER, tap, type Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import type { Lane } from '#src/domain/peer/peer.js';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import { rounds, type RoundOptions } from '#src/streams/sync/rounds.js';
import { marbles } from '../../support/marbles.js';

describe('rounds', () => {
  const started = (round: number, at: number): SchedulerEvent => ({
    kind: 'round.started',
    at,
    lane: 'regular',
    round,
  });
  const skipped = (at: number, lane: Lane = 'regular'): SchedulerEvent => ({ kind: 'round.skipped', at, lane });
  const finished = (
    round: number,
    at: number,
    tookMs: number,
    over: Partial<EventOf<'round.finished'>> = {},
  ): SchedulerEvent => {
    return {
      kind: 'round.finished',
      skipped: 0,
      lane: 'regular',
      round,
      at,
      tookMs,
      ok: 0,
      failed: 0,
      aborted: false,
      local: 0,
      ...over,
    };
  };
  const checked = (ok: boolean): SchedulerEvent => {
    const outcome = ok ? { ok, latencyMs: 1 } : ({ ok, reason: 'timeout' } as const);
    const check = { uuid: 'u', at: 0, outcome, counted: true, before: undefined, state: undefined, failures: 0 };
    return { kind: 'peer.checked', lane: 'regular', check };
  };
  const discarded = (uuid: string): SchedulerEvent => ({ kind: 'peer.discarded', at: 0, uuid, why: 'clock-gap' });
  const values = { t: checked(true), f: checked(false), d: discarded('u') };

  type Round = RoundOptions<string>['round'];

  /** Work that has begun all there is to do when it begins. */
  const whole =
    (work$: Observable<SchedulerEvent>): Round =>
    (_, __, allStarted) => {
      allStarted();
      return work$;
    };
  const over = (scheduler: SchedulerLike, round: Round, lane: Lane = 'regular') =>
    rounds<string>({ lane, now: () => scheduler.now(), round }) satisfies OperatorFunction<string, SchedulerEvent>;

  marbles('counts the calls that never left this host', ({ hot, cold, scheduler, expectObservable }) => {
    const tick$ = hot('  x-----|');
    const work$ = cold('  -ll|', { l: { kind: 'peer.discarded', at: 0, uuid: 'u', why: 'local' } as SchedulerEvent });
    const expected = '   abbc--|';
    const discardedLocally: SchedulerEvent = { kind: 'peer.discarded', at: 0, uuid: 'u', why: 'local' };

    expectObservable(tick$.pipe(over(scheduler, whole(work$)))).toBe(expected, {
      a: started(1, 0),
      b: discardedLocally,
      c: finished(1, 3, 3, { local: 2 }),
    });
  });

  marbles(
    'runs one round a tick; a tick that comes during a round is skipped, and said to be',
    ({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const tick$ = hot(' x--x------x----|');
      const work$ = cold('-----t|', values);
      const workSubs = [' ^-----!', '----------^-----!'];
      const expected = '  a--b-te---c----t(f|)';

      const event$ = tick$.pipe(over(scheduler, whole(work$)));

      expectObservable(event$).toBe(expected, {
        ...values,
        a: started(1, 0),
        b: skipped(3),
        e: finished(1, 6, 6, { ok: 1, skipped: 1 }),
        c: started(2, 10),
        f: finished(2, 16, 6, { ok: 1 }),
      });
      expectSubscriptions(work$.subscriptions).toBe(workSubs);
    },
  );

  marbles('gives each round its number and what its tick brought', ({ hot, cold, scheduler, expectObservable }) => {
    const tick$ = hot('p----q----|');
    const expected = ' axb--cyd--|';

    const round: Round = (n, settings, allStarted) => {
      allStarted();
      return cold('     -s|', { s: discarded(`${n} ${settings}`) });
    };

    expectObservable(tick$.pipe(over(scheduler, round))).toBe(expected, {
      a: started(1, 0),
      x: discarded('1 p'),
      b: finished(1, 2, 2),
      c: started(2, 5),
      y: discarded('2 q'),
      d: finished(2, 7, 2),
    });
  });

  marbles(
    'counts what was answered and what failed, and nothing that was not judged',
    ({ hot, cold, scheduler, expectObservable }) => {
      const tick$ = hot(' x-----|');
      const work$ = cold('-tfdf|', values);
      const expected = '  atfdfb|';

      expectObservable(tick$.pipe(over(scheduler, whole(work$)))).toBe(expected, {
        ...values,
        a: started(1, 0),
        b: finished(1, 5, 5, { ok: 1, failed: 2 }),
      });
    },
  );

  marbles('an empty round begins and ends in the same instant', ({ hot, cold, scheduler, expectObservable }) => {
    const tick$ = hot(' x---x---|');
    const work$ = cold('|', values);
    const expected = '  (ab)(cd)|';

    expectObservable(tick$.pipe(over(scheduler, whole(work$)))).toBe(expected, {
      a: started(1, 0),
      b: finished(1, 0, 0),
      c: started(2, 4),
      d: finished(2, 4, 0),
    });
  });

  marbles('there is no round without a tick', ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
    const tick$ = cold('---|');
    const work$ = cold('-t|', values);
    const expected = '  ---|';

    expectObservable(tick$.pipe(over(scheduler, whole(work$)))).toBe(expected);
    expectSubscriptions(work$.subscriptions).toBe([]);
  });

  marbles(
    'a round that never ends is the last one: each later tick is skipped',
    ({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const tick$ = hot(' x--x--x--');
      const work$ = cold('-', values);
      const workSubs = '  ^-------!';
      const expected = '  a--b--c--';

      expectObservable(tick$.pipe(over(scheduler, whole(work$))), '^-------!').toBe(expected, {
        a: started(1, 0),
        b: skipped(3),
        c: skipped(6),
      });
      expectSubscriptions(work$.subscriptions).toBe(workSubs);
    },
  );

  marbles(
    'an error in a round ends them all, and so does one of the ticks',
    ({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const tick$ = hot('   x---x---');
      const bad$ = cold('   -#', values);
      const tickSubs = '    ^!';
      const badTick$ = hot('x--#');
      const open$ = cold('  -', values);
      const openSubs = '    ^--!';

      expectObservable(tick$.pipe(over(scheduler, whole(bad$)))).toBe('a#', { a: started(1, 0) });
      expectSubscriptions(tick$.subscriptions).toBe(tickSubs);
      expectObservable(badTick$.pipe(over(scheduler, whole(open$)))).toBe('a--#', { a: started(1, 0) });
      expectSubscriptions(open$.subscriptions).toBe(openSubs);
    },
  );

  marbles(
    'lets go of the round when nobody listens any more',
    ({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const tick$ = hot(' x------');
      const work$ = cold('-', values);
      const unsub = '     ^--!';
      const expected = '  a---';

      expectObservable(tick$.pipe(over(scheduler, whole(work$))), unsub).toBe(expected, { a: started(1, 0) });
      expectSubscriptions(work$.subscriptions).toBe(unsub);
      expectSubscriptions(tick$.subscriptions).toBe(unsub);
    },
  );

  marbles('counts from one for each subscriber', ({ cold, scheduler, expectObservable }) => {
    const tick$ = cold('x|');
    const work$ = cold('-(t|)', values);
    const expected = '  a(tb|)';

    const event$ = tick$.pipe(over(scheduler, whole(work$)));
    const events = { ...values, a: started(1, 0), b: finished(1, 1, 1, { ok: 1 }) };

    expectObservable(event$).toBe(expected, events);
    expectObservable(event$).toBe(expected, events);
  });

  marbles(
    'what is asked for during a round is a round of its own right after it, once, with what was asked last',
    ({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
      const tick$ = hot(' x-------|');
      const trigger$ = hot(' --y-z---|');
      const work$ = cold('-----t|', values);
      const workSubs = [' ^-----!', '------^-----!'];
      const expected = '  a----t(bc)-t(d|)';
      const settings: string[] = [];
      const round: Round = (_, brought, allStarted) => {
        settings.push(brought);
        allStarted();
        return work$;
      };

      const event$ = tick$.pipe(rounds<string>({ lane: 'regular', now: () => scheduler.now(), round, trigger$ }));

      expectObservable(event$).toBe(expected, {
        ...values,
        a: started(1, 0),
        b: finished(1, 6, 6, { ok: 1 }),
        c: started(2, 6),
        d: finished(2, 12, 6, { ok: 1 }),
      });
      expectSubscriptions(work$.subscriptions).toBe(workSubs);
      scheduler.flush();
      expect(settings).to.deep.equal(['x', 'z']);
    },
  );

  marbles('what is asked for between rounds begins at once', ({ hot, cold, scheduler, expectObservable }) => {
    const tick$ = hot(' ------x-----|');
    const trigger$ = hot(' --y---------|');
    const work$ = cold('-t|', values);
    const expected = '  --atb-ctd---|';

    const event$ = tick$.pipe(
      rounds<string>({ lane: 'regular', now: () => scheduler.now(), round: whole(work$), trigger$ }),
    );

    expectObservable(event$).toBe(expected, {
      ...values,
      a: started(1, 2),
      b: finished(1, 4, 2, { ok: 1 }),
      c: started(2, 6),
      d: finished(2, 8, 2, { ok: 1 }),
    });
  });

  describe('after the last tick', () => {
    marbles(
      'the round under way goes on; it is complete where it had begun all there was to do',
      ({ hot, cold, scheduler, expectObservable }) => {
        const tick$ = hot(' x-|');
        const work$ = cold('---t-t|', values);
        const expected = '  a--t-t(b|)';

        const round: Round = (_, __, allStarted) => work$.pipe(tap(allStarted));

        expectObservable(tick$.pipe(over(scheduler, round))).toBe(expected, {
          ...values,
          a: started(1, 0),
          b: finished(1, 6, 6, { ok: 2, aborted: false }),
        });
      },
    );

    marbles('a round that had more to begin was cut short', ({ hot, cold, scheduler, expectObservable }) => {
      const tick$ = hot(' x----x-|');
      const work$ = cold('--t|', values);
      const expected = '  a-tb-c-t(d|)';

      const round: Round = (n, _, allStarted) => {
        if (n === 1) allStarted();
        return work$;
      };

      expectObservable(tick$.pipe(over(scheduler, round))).toBe(expected, {
        ...values,
        a: started(1, 0),
        b: finished(1, 3, 3, { ok: 1 }),
        c: started(2, 5),
        d: finished(2, 8, 3, { ok: 1, aborted: true }),
      });
    });
  });

  describe('of the lanes that recheck', () => {
    marbles(
      'are told when they end, with what they found, and only where there was something to do',
      ({ hot, cold, scheduler, expectObservable, expectSubscriptions }) => {
        const tick$ = hot(' x----x----x--|');
        const busy$ = cold('-tf|', values);
        const idle$ = cold('-d|', values);
        const idleSubs = [' -----^-!', '----------^-!'];
        const expected = '  -tfe--d----d-|';

        const round: Round = (n, _, allStarted) => {
          allStarted();
          return n === 1 ? busy$ : idle$;
        };

        expectObservable(tick$.pipe(over(scheduler, round, 'suspect'))).toBe(expected, {
          ...values,
          e: finished(1, 3, 3, { lane: 'suspect', ok: 1, failed: 1 }),
        });
        expectSubscriptions(idle$.subscriptions).toBe(idleSubs);
      },
    );

    marbles('are skipped as all others are', ({ hot, scheduler, expectObservable }) => {
      const tick$ = hot('x--x-|');
      const expected = ' ---b-';

      expectObservable(tick$.pipe(over(scheduler, whole(NEVER), 'unavailable')), '^----!').toBe(expected, {
        b: skipped(3, 'unavailable'),
      });
    });
  });
});
