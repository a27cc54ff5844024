import { defer, EMPTY, ignoreElements, of, repeat, skip, switchMap, take, tap, type Observable } from 'rxjs';
import { alongside } from './alongside.js';

/**
 * Runs the work with the current settings. A change of the settings fires `changed$`, and the work must then start
 * nothing new. Once the work has completed, it starts again with the newest settings. (`switchMap` would abort what
 * is in flight.) `settings$` has to replay its last value.
 */
export function drainAndRestart<S, R>(
  settings$: Observable<S>,
  run: (settings: S, changed$: Observable<unknown>) => Observable<R>,
): Observable<R> {
  return defer(() => {
    let outdated = false;
    const change$ = settings$.pipe(
      skip(1),
      tap(() => (outdated = true)),
    );
    const changed$ = defer(() => (outdated ? of(undefined) : change$));
    return settings$.pipe(
      take(1),
      tap(() => (outdated = false)),
      switchMap((settings) => run(settings, changed$)),
      repeat({ delay: () => (outdated ? of(undefined) : EMPTY) }),
      alongside(change$.pipe(ignoreElements())),
    );
  });
}
