import { Observable, type SchedulerLike } from 'rxjs';
import type { Reply } from '../../domain/call/http.js';

/** The reply to a call, and how long it took. */
export interface Exchange {
  readonly reply: Reply;
  readonly tookMs: number;
}

const TIMED_OUT: Reply = { ok: false, reason: 'timeout' };

/**
 * One deadline for the whole exchange. A reply that arrives before a delayed timer fires can still be late: the
 * elapsed time decides, not the order of the callbacks. A check uses one timer of Node; `scheduler` is for virtual
 * time.
 */
export function withDeadline(
  reply$: Observable<Reply>,
  timeoutMs: number,
  steady: () => number,
  scheduler?: SchedulerLike,
): Observable<Exchange> {
  return new Observable((subscriber) => {
    const startedAt = steady();
    const conclude = (reply: Reply): void => {
      const tookMs = steady() - startedAt;
      subscriber.next({ reply: tookMs > timeoutMs ? TIMED_OUT : reply, tookMs });
      subscriber.complete();
    };
    const exchange = reply$.subscribe({
      next: conclude,
      error: (reason: unknown) => {
        subscriber.error(reason);
      },
      complete: () => {
        subscriber.complete();
      },
    });
    subscriber.add(exchange);
    if (subscriber.closed) return undefined;
    const expire = (): void => {
      exchange.unsubscribe();
      conclude(TIMED_OUT);
    };
    if (scheduler !== undefined) return scheduler.schedule(expire, timeoutMs);
    const timer = setTimeout(expire, timeoutMs);
    return () => {
      clearTimeout(timer);
    };
  });
}
