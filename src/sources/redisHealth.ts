import {
  asyncScheduler,
  catchError,
  defer,
  distinctUntilChanged,
  filter,
  from,
  map,
  merge,
  of,
  repeat,
  switchMap,
  tap,
  timer,
  type Observable,
  type ObservableInput,
  type SchedulerLike,
} from 'rxjs';
import { untilNext } from './coalesced.js';

/** Whether Redis answers, and the reason if it does not. */
export type RedisHealth = { readonly up: true } | { readonly up: false; readonly reason: string };

/** Short enough that work continues within a second of the return of Redis. */
const PING_MS = 250;
/** While Redis is up. These pings only find a silent server, because the end of a connection triggers one as well. */
const PING_WHEN_UP_MS = 2_000;
/** A single failure may only be a connection that was being re-established. */
const FAILURES = 2;

/**
 * Emits the health of Redis each time it changes, and each time the cause of an outage changes. A server that loads
 * its data or refuses our password is down. `lost$` fires when the connection ends.
 */
export function redisHealth(
  ping: () => ObservableInput<unknown>,
  lost$: Observable<unknown>,
  explain: (error: unknown) => string,
  scheduler: SchedulerLike = asyncScheduler,
): Observable<RedisHealth> {
  return defer(() => {
    let failures = 0;
    const pause = (): Observable<unknown> => {
      if (failures > 0) return timer(PING_MS, scheduler);
      // A client reconnects within this time if it can, so a short loss is no failure.
      const lostAWhile$ = lost$.pipe(switchMap(() => timer(PING_MS, scheduler)));
      return merge(timer(untilNext(PING_WHEN_UP_MS, scheduler), scheduler), lostAWhile$);
    };
    return defer(() => from(ping())).pipe(
      map((): RedisHealth => ({ up: true })),
      catchError((error: unknown) => of<RedisHealth>({ up: false, reason: explain(error) })),
      tap(({ up }) => (failures = up ? 0 : failures + 1)),
      repeat({ delay: pause }),
      filter(({ up }) => up || failures >= FAILURES),
      distinctUntilChanged(isSame),
    );
  });
}

function isSame(a: RedisHealth, b: RedisHealth): boolean {
  return a.up ? b.up : !b.up && a.reason === b.reason;
}
