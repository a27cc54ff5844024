import { Observable } from 'rxjs';

/**
 * Real back-pressure: a fixed number of workers, each of which requests the next item only when its last one is
 * done. `next$` gives one item per subscription and completes empty when there is none left; the worker then ends. A
 * worker starts after the previous one has got an item, so that an empty source costs one request. (`mergeMap`
 * limits the work but buffers the input without limit.)
 *
 * This is written by hand because every check passes here: a composition of `defer`, `mergeMap` and `repeat` creates
 * ten subscribers per item, this code two.
 */
export function pull<T, R>(next$: Observable<T>, work: (item: T) => Observable<R>, workers: number): Observable<R> {
  return new Observable<R>((subscriber) => {
    let begun = 0;
    let working = 0;
    /**
     * Number of requests to make. A loop makes them, because recursion with synchronous items and work would
     * overflow the stack.
     */
    let asking = 0;
    let looping = false;

    const follow = <V>(source$: Observable<V>, next: (value: V) => void, complete: () => void): void => {
      const error = (reason: unknown): void => {
        subscriber.error(reason);
      };
      subscriber.add(source$.subscribe({ next, error, complete }));
    };
    const pass = (result: R): void => {
      subscriber.next(result);
    };
    const ask = (): void => {
      asking += 1;
      if (looping) return;
      looping = true;
      for (; asking > 0 && !subscriber.closed; asking -= 1) take();
      looping = false;
    };
    const begin = (): void => {
      begun += 1;
      working += 1;
      ask();
    };
    const take = (): void => {
      let noItem = true;
      let open = 1;
      const closed = (): void => {
        open -= 1;
        if (open > 0) return;
        if (!noItem) ask();
        else if ((working -= 1) === 0) subscriber.complete();
      };
      const start = (item: T): void => {
        noItem = false;
        open += 1;
        try {
          follow(work(item), pass, closed);
        } catch (reason) {
          subscriber.error(reason);
        }
        if (begun < workers) begin();
      };
      follow(next$, start, closed);
    };
    begin();
  });
}
