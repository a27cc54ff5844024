import type { Observable } from 'rxjs';
import type { CallSignal } from '../../domain/call/http.js';
import { withAborter } from './abortable.js';

/** A signal with one listener, much cheaper than an `AbortSignal`. */
class OneListener implements CallSignal {
  /** node-fetch recognises a signal by this name. */
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

/** `abortable` with a cheap signal, because every check creates one. */
export function cancellable<T>(run: (signal: CallSignal) => Promise<T>): Observable<T> {
  return withAborter(() => new OneListener(), run);
}
