import type { Observable } from 'rxjs';
import type { CallSignal } from '../../domain/call/http.js';
import { under } from './abortable.js';

/** A signal with one listener, at a small part of the price of an `AbortSignal`. */
class OneListener implements CallSignal {
  /** node-fetch knows a signal by this name. */
  readonly [Symbol.toStringTag] = 'AbortSignal';
  readonly signal = this;
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
  return under(() => new OneListener(), run);
}
