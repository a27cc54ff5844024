import { NEVER, Observable, type Subscription } from 'rxjs';

/**
 * Real back-pressure: a fixed number of workers, each of which requests the next item only when its last one is
 * done. `next$` gives one item per subscription and completes empty when there is none left; the worker then ends. A
 * worker starts after the previous one has got an item, so that an empty source costs one request. Once `until$`
 * emits, no worker requests an item, and the waiting workers end; work in flight continues. (`mergeMap` limits the
 * work but buffers the input without limit.)
 *
 * This is written by hand because every check passes here: a composition of `defer`, `mergeMap`, `repeat` and
 * `takeUntil` creates fourteen subscribers per item, this code two.
 */
export function pull<T, R>(
  next$: Observable<T>,
  work: (item: T) => Observable<R>,
  workers: number,
  until$: Observable<unknown> = NEVER,
): Observable<R> {
  return new Observable<R>((subscriber) => {
    let begun = 0;
    let working = 0;
    let stopped = false;
    /**
     * Number of requests to make. A loop makes them, because recursion with synchronous items and work would
     * overflow the stack.
     */
    let asking = 0;
    let looping = false;
    /**
     * What is subscribed, in slots that are used again. A `Set` or `Map` that changes with each item leaves its old tables
     * behind, each of which refers to the next one. Once V8 has moved such a table to its old generation, everything in it
     * and in the later ones lives until the next full collection.
     */
    const open: (Subscription | undefined)[] = [];
    const free: number[] = [];
    /** By slot: what ends the worker of a request that has no item yet. */
    const leave: ((() => void) | undefined)[] = [];

    const error = (reason: unknown): void => {
      subscriber.error(reason);
    };
    const next = (result: R): void => {
      subscriber.next(result);
    };
    /** Subscribes, and calls `ended` when the stream completes. Returns the slot, or undefined if it has completed already. */
    const follow = <V>(source$: Observable<V>, onNext: (value: V) => void, ended: () => void): number | undefined => {
      const slot = free.pop() ?? open.length;
      // The slot is taken from here on: `onNext` may follow another stream.
      open[slot] = undefined;
      const complete = (): void => {
        open[slot] = undefined;
        free.push(slot);
        ended();
      };
      const subscription = source$.subscribe({ next: onNext, error, complete });
      // The receiver may have left at a value that came at once. Then `open` was already cleared.
      if (subscriber.closed) subscription.unsubscribe();
      if (subscription.closed) return undefined;
      open[slot] = subscription;
      return slot;
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
      let pending = 1;
      let request: number | undefined = undefined;
      const ended = (): void => {
        if (request !== undefined) leave[request] = undefined;
        request = undefined;
        pending -= 1;
        if (pending > 0) return;
        if (!dry) ask();
        else if ((working -= 1) === 0) subscriber.complete();
      };
      const start = (item: T): void => {
        dry = false;
        pending += 1;
        try {
          follow(work(item), next, ended);
        } catch (reason) {
          subscriber.error(reason);
        }
        if (begun < workers) begin();
      };
      if (stopped) {
        ended();
        return;
      }
      request = follow(next$, start, ended);
      if (request !== undefined) leave[request] = ended;
    };

    subscriber.add(() => {
      for (const subscription of open) subscription?.unsubscribe();
    });
    subscriber.add(
      until$.subscribe({
        next: () => {
          stopped = true;
          for (const [slot, end] of [...leave.entries()]) {
            if (end === undefined || leave[slot] !== end) continue;
            open[slot]?.unsubscribe();
            open[slot] = undefined;
            end();
          }
        },
        error,
      }),
    );
    begin();
  });
}
