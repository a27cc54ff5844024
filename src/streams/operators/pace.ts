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
 * Paces the subscriptions to a `next$`, as `pull` makes them: the n-th one asks for its item no earlier than n gaps after
 * the first. The wait comes before the asking, so that an item is fresh when it is there. Once one finds nothing left,
 * those that still wait complete as well.
 */
export function pace<T>(gapMs: number, scheduler: SchedulerLike = asyncScheduler): MonoTypeOperatorFunction<T> {
  return (next$) => {
    if (gapMs <= 0) return next$;
    let dueAt: number | undefined;
    let dry = false;
    const dry$ = new Subject<void>();
    const asked$ = defer(() => {
      let empty = true;
      return next$.pipe(
        tap({
          next: () => (empty = false),
          complete: () => {
            if (!empty) return;
            dry = true;
            dry$.next();
          },
        }),
      );
    });
    return defer(() => {
      if (dry) return EMPTY;
      const now = scheduler.now();
      dueAt ??= now;
      const waitMs = dueAt - now;
      dueAt += gapMs;
      if (waitMs <= 0) return asked$;
      const turn$ = timer(waitMs, scheduler).pipe(takeUntil(dry$));
      return turn$.pipe(switchMap(() => asked$));
    });
  };
}
