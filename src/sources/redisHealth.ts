import {
  asyncScheduler,
  catchError,
  defer,
  distinctUntilChanged,
  exhaustMap,
  filter,
  from,
  map,
  of,
  repeat,
  tap,
  timer,
  type Observable,
  type ObservableInput,
  type SchedulerLike,
} from 'rxjs';

/** Whether Redis answers, and the reason if it does not. */
export type RedisHealth = { readonly up: true } | { readonly up: false; readonly reason: string };

/** Short enough that work continues within a second of the return of Redis. */
const PING_MS = 250;
/** Ping once a second while up: a failing command notices an outage sooner. */
const PING_EVERY_WHEN_UP = 4;
/** A single failure may only be a connection that was being re-established. */
const FAILURES = 2;

/**
 * Emits the health of Redis each time it changes, and each time the cause of an outage changes. A server that loads
 * its data or refuses our password is down.
 */
export function redisHealth(
  ping: () => ObservableInput<unknown>,
  explain: (error: unknown) => string,
  scheduler: SchedulerLike = asyncScheduler,
): Observable<RedisHealth> {
  return defer(() => {
    let failures = 0;
    let tick = 0;
    const isTurn = (): boolean => failures > 0 || tick % PING_EVERY_WHEN_UP === 0;
    /**
     * One tick after each ping reads its result. While Redis is up, the other ticks before the next ping are
     * skipped.
     */
    const pause = (): Observable<unknown> => {
      const ticks = isTurn() ? 1 : PING_EVERY_WHEN_UP - (tick % PING_EVERY_WHEN_UP);
      tick += ticks;
      return timer(ticks * PING_MS, scheduler);
    };
    return of(undefined).pipe(
      repeat({ delay: pause }),
      filter(isTurn),
      exhaustMap(() =>
        defer(() => from(ping())).pipe(
          map((): RedisHealth => ({ up: true })),
          catchError((error: unknown) => of<RedisHealth>({ up: false, reason: explain(error) })),
        ),
      ),
      tap(({ up }) => (failures = up ? 0 : failures + 1)),
      filter(({ up }) => up || failures >= FAILURES),
      distinctUntilChanged(isSame),
    );
  });
}

function isSame(a: RedisHealth, b: RedisHealth): boolean {
  return a.up ? b.up : !b.up && a.reason === b.reason;
}
