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
import { coalesced } from './coalesced.js';

export interface EveryOptions {
  readonly intervalMs: number;
  /** The fraction of the interval, 0 to 1, by which each tick may be early or late. */
  readonly jitter?: number;
  /** Whether the first tick comes at once. */
  readonly atOnce?: boolean;
  readonly random?: () => number;
  readonly scheduler?: SchedulerLike;
}

/**
 * Ticks without end. Only the previous tick starts the next timer, so the work of a tick never delays or stops the
 * ticks. Ticks of intervals in whole half seconds come together with others.
 */
export function every(options: EveryOptions): Observable<undefined> {
  const { intervalMs, jitter = 0, atOnce = true, random = Math.random, scheduler = asyncScheduler } = options;
  const pause = (): Observable<0> => {
    const delayMs = intervalMs * (1 + jitter * (2 * random() - 1));
    return timer(coalesced(delayMs, intervalMs, scheduler), scheduler);
  };
  const tick$ = of(undefined).pipe(repeat({ delay: pause }));
  return atOnce ? tick$ : concat(defer(pause).pipe(ignoreElements()), tick$);
}
