import {
  asyncScheduler,
  concat,
  defer,
  ignoreElements,
  of,
  repeat,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';

export interface EveryOptions {
  readonly intervalMs: number;
  /** Share of the interval, 0 to 1, by which each tick may come early or late. */
  readonly jitter?: number;
  /** Whether the first tick comes at once. */
  readonly atOnce?: boolean;
  readonly random?: () => number;
  readonly scheduler?: SchedulerLike;
}

/** Ticks for ever. The next timer is armed by the last one alone, never by what a tick set off. */
export function every(options: EveryOptions): Observable<undefined> {
  const { intervalMs, jitter = 0, atOnce = true, random = Math.random, scheduler = asyncScheduler } = options;
  const pause = (): Observable<0> => timer(intervalMs * (1 + jitter * (2 * random() - 1)), scheduler);
  const tick$ = of(undefined).pipe(repeat({ delay: pause }));
  return atOnce ? tick$ : concat(defer(pause).pipe(ignoreElements()), tick$);
}
