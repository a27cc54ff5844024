import { asyncScheduler, defer, delayWhen, of, timer, type MonoTypeOperatorFunction, type SchedulerLike } from 'rxjs';

/** Lets the n-th item (over all subscriptions of the result) through no earlier than n gaps after the first. */
export function pace<T>(gapMs: number, scheduler: SchedulerLike = asyncScheduler): MonoTypeOperatorFunction<T> {
  return (next$) => {
    if (gapMs <= 0) return next$;
    let dueAt: number | undefined;
    return next$.pipe(
      delayWhen(() => {
        const now = scheduler.now();
        dueAt ??= now;
        const waitMs = dueAt - now;
        dueAt += gapMs;
        return defer(() => (waitMs > 0 ? timer(waitMs, scheduler) : of(0)));
      }),
    );
  };
}
