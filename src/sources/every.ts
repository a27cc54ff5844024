import { asyncScheduler, Observable, type SchedulerAction, type SchedulerLike } from 'rxjs';
import { COARSE_GRIDS_MS, coalesced } from './coalesced.js';

export interface EveryOptions {
  readonly intervalMs: number;
  /** The fraction of the interval, 0 to 1, by which each tick may be early or late. */
  readonly jitter?: number;
  /** Whether the first tick comes at once. */
  readonly atOnce?: boolean;
  /** Whether a tick may come up to a second early or late, to come together with others. */
  readonly coarse?: boolean;
  readonly random?: () => number;
  readonly scheduler?: SchedulerLike;
}

/**
 * Ticks without end. Only the previous tick starts the next timer, so the work of a tick never delays or stops the
 * ticks. Ticks of intervals in whole half seconds come together with others.
 *
 * One action is scheduled again and again. Operators for the same took a tenth of the processor time of an idle process.
 */
export function every(options: EveryOptions): Observable<undefined> {
  const { intervalMs, jitter = 0, atOnce = true, coarse = false } = options;
  const { random = Math.random, scheduler = asyncScheduler } = options;
  const gridsMs = coarse ? COARSE_GRIDS_MS : undefined;
  const pauseMs = (): number => {
    const delayMs = intervalMs * (1 + jitter * (2 * random() - 1));
    return coalesced(delayMs, intervalMs, scheduler, gridsMs);
  };
  return new Observable((subscriber) => {
    function tick(this: SchedulerAction<undefined>): void {
      subscriber.next(undefined);
      if (!subscriber.closed) this.schedule(undefined, pauseMs());
    }
    if (atOnce) subscriber.next(undefined);
    if (!subscriber.closed) subscriber.add(scheduler.schedule(tick, pauseMs()));
  });
}
