import {
  asyncScheduler,
  defer,
  EMPTY,
  Subject,
  switchMap,
  takeUntil,
  tap,
  timer,
  type MonoTypeOperatorFunction,
  type SchedulerLike,
} from 'rxjs';

/**
 * Paces the subscriptions to a `next$` that `pull` makes: subscription n requests its item no earlier than n gaps
 * after the first. The wait comes before the request, so that the item is fresh. Once a subscription finds no item,
 * those that still wait complete too.
 */
export function pace<T>(gapMs: number, scheduler: SchedulerLike = asyncScheduler): MonoTypeOperatorFunction<T> {
  return (next$) => {
    if (gapMs <= 0) return next$;
    let dueAt: number | undefined;
    let exhausted = false;
    const exhausted$ = new Subject<void>();
    const requested$ = defer(() => {
      let empty = true;
      return next$.pipe(
        tap({
          next: () => (empty = false),
          complete: () => {
            if (!empty) return;
            exhausted = true;
            exhausted$.next();
          },
        }),
      );
    });
    return defer(() => {
      if (exhausted) return EMPTY;
      const now = scheduler.now();
      dueAt ??= now;
      const waitMs = dueAt - now;
      dueAt += gapMs;
      if (waitMs <= 0) return requested$;
      const turn$ = timer(waitMs, scheduler).pipe(takeUntil(exhausted$));
      return turn$.pipe(switchMap(() => requested$));
    });
  };
}
