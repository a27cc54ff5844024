import {
  asapScheduler,
  defer,
  EMPTY,
  exhaustMap,
  filter,
  merge,
  mergeMap,
  of,
  repeat,
  scheduled,
  tap,
  timer,
  type Observable,
} from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import { flushing } from '../sinks/sink.js';
import type { Deps } from './deps.js';

/**
 * Pause between two writes. Waiting writes must reach Redis within a second of its return, even if the outage was too
 * short to be noticed.
 */
const FLUSH_MS = 500;

/**
 * Writes what waits: after an event that the sinks have accepted (`accepted$`) or the return of Redis, and from then on
 * until nothing waits. No timer runs while nothing waits, and while Redis is known to be down, only its health is probed.
 */
export function writing(
  { sinks, redisHealth$, clock: { steady } }: Pick<Deps, 'sinks' | 'redisHealth$' | 'clock'>,
  accepted$: Observable<unknown>,
): Observable<SchedulerEvent> {
  return defer(() => {
    let isUp = true;
    let flushedAt = -Infinity;
    const up$ = redisHealth$.pipe(
      tap(({ up }) => {
        isUp = up;
      }),
      filter(({ up }) => up),
    );
    const mayFlush = (): boolean => isUp && sinks.some(({ hasUnwritten }) => hasUnwritten);
    const pause = (): Observable<unknown> => {
      const leftMs = flushedAt + FLUSH_MS - steady();
      return leftMs > 0 ? timer(leftMs) : scheduled(of(undefined), asapScheduler);
    };
    const flush = (): Observable<SchedulerEvent> => {
      if (!isUp) return EMPTY;
      return flushing(sinks).pipe(
        tap({
          complete: () => {
            flushedAt = steady();
          },
        }),
      );
    };
    const untilWritten$ = defer(pause).pipe(
      mergeMap(flush),
      repeat({ delay: () => (mayFlush() ? of(undefined) : EMPTY) }),
    );
    // A round has an event for each check, so nothing is asked while a write goes on or is due.
    return merge(up$, accepted$).pipe(exhaustMap(() => (mayFlush() ? untilWritten$ : EMPTY)));
  });
}
