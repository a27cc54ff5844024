import { Observable } from 'rxjs';

/**
 * Real back-pressure: so many workers, each asking for the next item only when its last one is done. `next$` gives one
 * item a subscription, and completes empty when there is none left; a worker that meets that is done. (`mergeMap` limits
 * the work but buffers the input without end.) Written by hand, since every check passes here: put together from
 * `defer`, `mergeMap` and `repeat` it makes ten subscribers an item, and here two.
 */
export function pull<T, R>(next$: Observable<T>, work: (item: T) => Observable<R>, workers: number): Observable<R> {
  return new Observable<R>((subscriber) => {
    let working = workers;

    const follow = <V>(source$: Observable<V>, next: (value: V) => void, complete: () => void): void => {
      const error = (reason: unknown): void => {
        subscriber.error(reason);
      };
      subscriber.add(source$.subscribe({ next, error, complete }));
    };
    const worker = (): void => {
      let asking = false;
      let again = false;
      // A loop: with items and work that come at once, recursion would overflow the stack.
      const ask = (): void => {
        again = true;
        if (asking) return;
        asking = true;
        while (again && !subscriber.closed) {
          again = false;
          take();
        }
        asking = false;
      };
      const take = (): void => {
        let dry = true;
        let open = 1;
        const closed = (): void => {
          open -= 1;
          if (open > 0) return;
          if (!dry) ask();
          else if ((working -= 1) === 0) subscriber.complete();
        };
        const begin = (item: T): void => {
          dry = false;
          open += 1;
          try {
            follow(work(item), (result) => void subscriber.next(result), closed);
          } catch (reason) {
            subscriber.error(reason);
          }
        };
        follow(next$, begin, closed);
      };
      ask();
    };
    for (let i = 0; i < workers; i += 1) worker();
  });
}
