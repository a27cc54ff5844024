import { asyncScheduler, defer, map, of, timeout, type Observable, type SchedulerLike } from 'rxjs';
import type { Reply } from '../../domain/call/http.js';

const TIMED_OUT: Reply = { ok: false, reason: 'timeout' };

/**
 * One deadline over the whole exchange. A reply that was already there when a late timer fired is late all the same:
 * the time that passed decides, not which callback came first.
 */
export function withDeadline(
  reply$: Observable<Reply>,
  timeoutMs: number,
  steady: () => number,
  scheduler: SchedulerLike = asyncScheduler,
): Observable<{ readonly reply: Reply; readonly tookMs: number }> {
  return defer(() => {
    const startedAt = steady();
    return reply$.pipe(
      timeout({ first: timeoutMs, scheduler, with: () => of(TIMED_OUT) }),
      map((reply) => {
        const tookMs = steady() - startedAt;
        return { reply: tookMs > timeoutMs ? TIMED_OUT : reply, tookMs };
      }),
    );
  });
}
