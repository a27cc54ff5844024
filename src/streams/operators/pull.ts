import { Observable } from 'rxjs';

/**
 * Real back-pressure: so many workers, each asking for the next item only when its last one is done. `next$` gives one
 * item a subscription, in turn, and completes empty when there is none left; a worker that meets that is done. A worker
 * begins once the one before it has got an item: where there is nothing to do, one of them finds out. (`mergeMap` limits
 * the work but buffers the input without end.)
 *
 * Written by hand, since every check passes here: put together from `defer`, `mergeMap` and `repeat` it makes ten
 * subscribers an item, and here two.
 */
export function pull<T, R>(next$: Observable<T>, work: (item: T) => Observable<R>, workers: number): Observable<R> {
  return new Observable<R>((subscriber) => {
    let begun = 0;
    let working = 0;
    /** How many are to ask. A loop serves them: with items and work that come at once, recursion would overflow the stack. */
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
    /** One turn of a worker: an item, and the work on it. */
    const take = (): void => {
      let dry = true;
      let open = 1;
      const closed = (): void => {
        open -= 1;
        if (open > 0) return;
        if (!dry) ask();
        else if ((working -= 1) === 0) subscriber.complete();
      };
      const start = (item: T): void => {
        dry = false;
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
