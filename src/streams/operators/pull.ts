import { defer, EMPTY, finalize, map, merge, mergeMap, of, repeat, takeWhile, tap, type Observable } from 'rxjs';
import { abortable } from './abortable.js';

/**
 * Real back-pressure: `lanes` workers, each asking for the next item only when its last one is done. `next$` gives
 * one item a subscription and completes empty when there is none left; a lane that meets that is done. (`mergeMap`
 * limits the work but buffers the input without end.)
 */
export function pull<T, R>(next$: Observable<T>, work: (item: T) => Observable<R>, lanes: number): Observable<R> {
  const lane$ = defer(() => {
    let dry = true;
    return defer(() => {
      dry = true;
      return next$.pipe(tap(() => (dry = false)));
    }).pipe(mergeMap(work, 1), repeat({ delay: () => (dry ? EMPTY : of(undefined)) }));
  });
  return merge(...Array.from({ length: lanes }, () => lane$));
}

/** An async iterable as a `next$` for `pull`; the iterator is returned (its `finally` run) on unsubscribe. */
export function drawing<T, R>(items: AsyncIterable<T>, use: (next$: Observable<T>) => Observable<R>): Observable<R> {
  return defer(() => {
    const iterator = items[Symbol.asyncIterator]();
    const next$ = abortable(() => iterator.next()).pipe(
      takeWhile((result) => result.done !== true),
      map((result) => result.value),
    );
    return use(next$).pipe(
      finalize(() => {
        // Nobody is left to hear of a failure to close.
        void Promise.resolve(iterator.return?.()).catch(() => undefined);
      }),
    );
  });
}
