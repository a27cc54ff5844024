import { connect, endWith, ignoreElements, merge, takeUntil, type Observable, type OperatorFunction } from 'rxjs';

/** Runs an endless stream beside the source, for as long as the source lasts. */
export function alongside<T, B>(background$: Observable<B>): OperatorFunction<T, T | B> {
  return (source$) =>
    source$.pipe(
      connect((shared$) =>
        merge(background$.pipe(takeUntil(shared$.pipe(ignoreElements(), endWith('done')))), shared$),
      ),
    );
}
