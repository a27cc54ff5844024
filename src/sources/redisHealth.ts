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

/** Whether Redis answers, and if not, why not. */
export type RedisHealth = { readonly up: true } | { readonly up: false; readonly reason: string };

/** Often enough that work goes on within a second of Redis being back. */
const PING_MS = 250;
/** Ping once a second while up: a command that fails notices an outage sooner. */
const PING_EVERY_WHEN_UP = 4;
/** One alone may have met no more than a connection that was being made anew. */
const FAILURES = 2;

/** Redis' health, each time that it changes, and each time that the cause of an outage does. A server that is loading its data, or refuses our password, is down. */
export function redisHealth(
  ping: () => ObservableInput<unknown>,
  explain: (error: unknown) => string,
  scheduler: SchedulerLike = asyncScheduler,
): Observable<RedisHealth> {
  return defer(() => {
    let failures = 0;
    let tick = 0;
    const isTurn = (): boolean => failures > 0 || tick % PING_EVERY_WHEN_UP === 0;
    /** After a ping one tick looks what it came to; where all is well, those up to the next ping are left out. */
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
