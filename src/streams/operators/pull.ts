import { defer, EMPTY, merge, mergeMap, of, repeat, tap, type Observable } from 'rxjs';

/**
 * Real back-pressure: so many workers, each asking for the next item only when its last one is done. `next$` gives one
 * item a subscription, and completes empty when there is none left; a worker that meets that is done. (`mergeMap` limits
 * the work but buffers the input without end.)
 */
export function pull<T, R>(next$: Observable<T>, work: (item: T) => Observable<R>, workers: number): Observable<R> {
  const worker$ = defer(() => {
    let dry = true;
    return defer(() => {
      dry = true;
      return next$.pipe(tap(() => (dry = false)));
    }).pipe(mergeMap(work, 1), repeat({ delay: () => (dry ? EMPTY : of(undefined)) }));
  });
  return merge(...Array.from({ length: workers }, () => worker$));
}
