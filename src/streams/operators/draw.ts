import { defer, finalize, Observable, type Subscriber } from 'rxjs';

/** Items that come one by one. The sequence ends early if the signal aborts. */
export type Items<T> = (signal: AbortSignal) => AsyncIterable<T>;

/**
 * Turns an async iterable into the `next$` that `pull` takes: each subscription gets one item. One `next()` runs at
 * a time, and its item goes to the first subscription that waits then, so no item is lost when a subscription ends
 * early. At the end the signal aborts and the iterator is returned (its `finally` runs).
 */
export function draw<T, R>(items: Items<T>, use: (next$: Observable<T>) => Observable<R>): Observable<R> {
  return drawFrom(items, (item) => [item], use);
}

/**
 * `draw` for items in batches, which saves a promise per item. A batch is iterated only as its items are taken, so it can
 * decide about each item at that time.
 */
export function drawBatches<T, R>(
  batches: Items<Iterable<T>>,
  use: (next$: Observable<T>) => Observable<R>,
): Observable<R> {
  return drawFrom(batches, (batch) => batch, use);
}

function drawFrom<S, T, R>(
  source: Items<S>,
  toBatch: (value: S) => Iterable<T>,
  use: (next$: Observable<T>) => Observable<R>,
): Observable<R> {
  return defer(() => {
    const controller = new AbortController();
    const iterator = source(controller.signal)[Symbol.asyncIterator]();
    /** An array: see `open` in `pull`. */
    const waiting: Subscriber<T>[] = [];
    let batch: Iterator<T> | undefined;
    let ended = false;
    let asking = false;
    let serving = false;

    const serve = (): void => {
      // The running loop also serves a subscription made during it. Recursion would overflow the stack.
      if (serving) return;
      serving = true;
      try {
        for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
          const item = batch?.next();
          const none = item === undefined || item.done === true;
          if (none && !ended) {
            ask();
            break;
          }
          waiting.shift();
          if (!none) first.next(item.value);
          first.complete();
        }
      } catch (error) {
        fail(error);
      }
      serving = false;
    };
    const fail = (error: unknown): void => {
      ended = true;
      batch = undefined;
      waiting[0]?.error(error);
    };
    const ask = (): void => {
      if (asking) return;
      asking = true;
      iterator.next().then(
        (result) => {
          asking = false;
          if (result.done === true) ended = true;
          else batch = toBatch(result.value)[Symbol.iterator]();
          serve();
        },
        (error: unknown) => {
          asking = false;
          fail(error);
          serve();
        },
      );
    };

    const next$ = new Observable<T>((subscriber) => {
      waiting.push(subscriber);
      serve();
      return () => {
        const at = waiting.indexOf(subscriber);
        if (at >= 0) waiting.splice(at, 1);
      };
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
