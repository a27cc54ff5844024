import type { Reply } from '#src/domain/call/http.js';
import { withDeadline } from '#src/streams/operators/withDeadline.js';
import { marbles } from '../../support/marbles.js';

describe('withDeadline', () => {
  const good: Reply = { ok: true, status: 200, body: '' };
  const late: Reply = { ok: false, reason: 'timeout' };

  marbles('hands on the reply, with the time that it took', ({ cold, scheduler, expectObservable }) => {
    const reply$ = cold<Reply>('---(r|)', { r: good });
    const expected = '          ---(r|)';

    expectObservable(withDeadline(reply$, 5, () => scheduler.now(), scheduler)).toBe(expected, {
      r: { reply: good, tookMs: 3 },
    });
  });

  marbles('ends the call at the deadline', ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
    const reply$ = cold<Reply>('-');
    const subs = '              ^----!';
    const expected = '          -----(t|)';

    expectObservable(withDeadline(reply$, 5, () => scheduler.now(), scheduler)).toBe(expected, {
      t: { reply: late, tookMs: 5 },
    });
    expectSubscriptions(reply$.subscriptions).toBe(subs);
  });

  marbles('a reply that a late timer let through is late all the same', ({ cold, scheduler, expectObservable }) => {
    const reply$ = cold<Reply>('---(r|)', { r: good });
    let readings = 0;
    // The loop was blocked for a while: the first reading is at the start, the second one after it.
    const steady = (): number => (readings++ === 0 ? 0 : 4_000);

    expectObservable(withDeadline(reply$, 1_000, steady, scheduler)).toBe('---(t|)', {
      t: { reply: late, tookMs: 4_000 },
    });
  });

  marbles(
    'lets go of the call when nobody waits any more',
    ({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const reply$ = cold<Reply>('-----');
      const subs = '              ^-!';

      expectObservable(
        withDeadline(reply$, 50, () => scheduler.now(), scheduler),
        '^-!',
      ).toBe('');
      expectSubscriptions(reply$.subscriptions).toBe(subs);
    },
  );
});
