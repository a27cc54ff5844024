import type { Reply } from '#src/domain/call/http.js';
import { withDeadline } from '#src/streams/operators/withDeadline.js';
import { marbles } from '../../support/marbles.js';

describe('withDeadline', () => {
  const good: Reply = { ok: true, status: 200, body: '' };
  const refused: Reply = { ok: false, reason: 'refused' };
  const late: Reply = { ok: false, reason: 'timeout' };
  const replies = { g: good, r: refused };

  marbles(
    'hands on the reply, good or bad, with the time that it took',
    ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const good$ = cold('   ---(g|)', replies);
      const goodSubs = '     ^--!';
      const refused$ = cold('-(r|)', replies);
      const steady = () => scheduler.now();

      expectObservable(withDeadline(good$, 5, steady, scheduler)).toBe('---(d|)', { d: { reply: good, tookMs: 3 } });
      expectObservable(withDeadline(refused$, 5, steady, scheduler)).toBe('-(d|)', {
        d: { reply: refused, tookMs: 1 },
      });
      expectSubscriptions(good$.subscriptions).toBe(goodSubs);
    },
  );

  marbles(
    'ends a call that is never answered at the deadline',
    ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const reply$ = cold<Reply>('-');
      const subs = '              ^----!';
      const expected = '          -----(t|)';

      expectObservable(withDeadline(reply$, 5, () => scheduler.now(), scheduler)).toBe(expected, {
        t: { reply: late, tookMs: 5 },
      });
      expectSubscriptions(reply$.subscriptions).toBe(subs);
    },
  );

  marbles('a reply at the very deadline is in time', ({ cold, scheduler, expectObservable }) => {
    const reply$ = cold('-----(g|)', replies);
    const expected = '   -----(g|)';

    expectObservable(withDeadline(reply$, 5, () => scheduler.now(), scheduler)).toBe(expected, {
      g: { reply: good, tookMs: 5 },
    });
  });

  marbles('a reply that a late timer let through is late all the same', ({ cold, scheduler, expectObservable }) => {
    const reply$ = cold('---(g|)', replies);
    const expected = '   ---(t|)';

    // The loop was blocked for a while: the first reading is at the start, the second one after it.
    let readings = 0;
    const steady = (): number => (readings++ === 0 ? 0 : 4_000);

    expectObservable(withDeadline(reply$, 1_000, steady, scheduler)).toBe(expected, {
      t: { reply: late, tookMs: 4_000 },
    });
  });

  marbles('measures each subscription from its own beginning', ({ cold, scheduler, expectObservable }) => {
    const reply$ = cold('  ---(g|)', replies);
    const expected = '     ---(g|)';
    const later = '        --^';
    const expectedLater = '-----(g|)';

    const result$ = withDeadline(reply$, 5, () => scheduler.now(), scheduler);

    expectObservable(result$).toBe(expected, { g: { reply: good, tookMs: 3 } });
    expectObservable(result$, later).toBe(expectedLater, { g: { reply: good, tookMs: 3 } });
  });

  marbles('a call without a reply has none, and an error is one', ({ cold, scheduler, expectObservable }) => {
    const empty$ = cold<Reply>('--|');
    const bad$ = cold<Reply>('  --#');

    expectObservable(withDeadline(empty$, 5, () => scheduler.now(), scheduler)).toBe('--|');
    expectObservable(withDeadline(bad$, 5, () => scheduler.now(), scheduler)).toBe('--#');
  });

  marbles(
    'lets go of the call when nobody waits any more',
    ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const reply$ = cold<Reply>('-----');
      const unsub = '             ^-!';
      const expected = '          ---';

      expectObservable(
        withDeadline(reply$, 50, () => scheduler.now(), scheduler),
        unsub,
      ).toBe(expected);
      expectSubscriptions(reply$.subscriptions).toBe(unsub);
    },
  );
});
