import {
  asyncScheduler,
  catchError,
  concat,
  map,
  mergeMap,
  of,
  takeUntil,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { EventOf } from '../../events.js';
import { abortable } from './abortable.js';

/** Pause before Redis is asked again after it failed, in milliseconds. */
const PAUSE_MS = 500;

export interface RetryOptions {
  readonly stop$: Observable<unknown>;
  readonly wall: () => number;
  readonly explain: (error: unknown) => string;
  readonly scheduler?: SchedulerLike;
}

/** A step in Redis tried until it is done, each failure told; gives up only where the program stops. */
export function retryUntilStopped<T>(
  what: string,
  step: () => Promise<T>,
  options: RetryOptions,
): Observable<EventOf<'redis.failed'> | { readonly kind: 'done'; readonly value: T }> {
  const { stop$, wall, explain, scheduler = asyncScheduler } = options;
  const pause$ = timer(PAUSE_MS, scheduler).pipe(takeUntil(stop$));
  return abortable(step).pipe(
    map((value) => ({ kind: 'done' as const, value })),
    catchError((error: unknown) =>
      concat(
        of<EventOf<'redis.failed'>>({ kind: 'redis.failed', at: wall(), what, reason: explain(error) }),
        pause$.pipe(mergeMap(() => retryUntilStopped(what, step, options))),
      ),
    ),
  );
}
