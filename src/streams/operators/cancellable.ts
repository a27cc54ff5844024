import { Observable } from 'rxjs';
import type { CallSignal } from '../../domain/call/http.js';

/** A signal with one listener, at a small part of the price of an `AbortSignal`. */
class OneListener implements CallSignal {
  /** node-fetch knows a signal by this name. */
  readonly [Symbol.toStringTag] = 'AbortSignal';
  aborted = false;
  #listener: (() => void) | undefined;

  addEventListener(_: 'abort', listener: () => void): void {
    this.#listener = listener;
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined;
  }

  abort(): void {
    this.aborted = true;
    this.#listener?.();
  }
}

/** `abortable` for what is done for each check: a promise with a signal that costs next to nothing. */
export function cancellable<T>(run: (signal: CallSignal) => Promise<T>): Observable<T> {
  return new Observable<T>((subscriber) => {
    const signal = new OneListener();
    let settled = false;
    run(signal).then(
      (value) => {
        settled = true;
        subscriber.next(value);
        subscriber.complete();
      },
      (error: unknown) => {
        settled = true;
        subscriber.error(error);
      },
    );
    return () => {
      if (!settled) signal.abort();
    };
  });
}
