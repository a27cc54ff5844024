import { defer, finalize, Observable, type Subscriber } from 'rxjs';

/** Items that come one by one. The sequence ends early if the signal aborts. */
export type Items<T> = (signal: AbortSignal) => AsyncIterable<T>;

/**
 * Turns an async iterable into the `next$` that `pull` takes: each subscription gets one item. One `next()` runs at
 * a time, and its item goes to the first subscription that waits then, so no item is lost when a subscription ends
 * early. At the end the signal aborts and the iterator is returned (its `finally` runs).
 */
export function draw<T, R>(items: Items<T>, use: (next$: Observable<T>) => Observable<R>): Observable<R> {
  return defer(() => {
    const controller = new AbortController();
    const iterator = items(controller.signal)[Symbol.asyncIterator]();
    const waiting = new Set<Subscriber<T>>();
    let ready: IteratorResult<T> | undefined;
    let asking = false;

    const serve = (): void => {
      const [first] = waiting;
      if (first === undefined) return;
      if (ready === undefined) {
        ask();
        return;
      }
      const result = ready;
      if (result.done === true) {
        for (const subscriber of [...waiting]) subscriber.complete();
        return;
      }
      ready = undefined;
      waiting.delete(first);
      first.next(result.value);
      first.complete();
      serve();
    };
    const ask = (): void => {
      if (asking) return;
      asking = true;
      iterator.next().then(
        (result) => {
          asking = false;
          ready = result;
          serve();
        },
        (error: unknown) => {
          asking = false;
          ready = { done: true, value: undefined };
          const [first] = waiting;
          first?.error(error);
          serve();
        },
      );
    };

    const next$ = new Observable<T>((subscriber) => {
      waiting.add(subscriber);
      serve();
      return () => waiting.delete(subscriber);
    });
    return use(next$).pipe(
      finalize(() => {
        controller.abort();
        // The stream has ended, so an error from closing the iterator affects nothing.
        void Promise.resolve(iterator.return?.()).catch(() => undefined);
      }),
    );
  });
}
