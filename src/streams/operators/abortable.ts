import { Observable } from 'rxjs';

/** Ends a call early through the signal that the call receives. */
interface Aborter<S> {
  readonly signal: S;
  abort(): void;
}

/** Brings a promise into a stream: cold, and aborted through the signal on unsubscribe. */
export function abortable<T>(run: (signal: AbortSignal) => Promise<T>): Observable<T> {
  return withAborter(() => new AbortController(), run);
}

/** The same with another kind of signal. */
export function withAborter<S, T>(make: () => Aborter<S>, run: (signal: S) => Promise<T>): Observable<T> {
  return new Observable<T>((subscriber) => {
    const aborter = make();
    let settled = false;
    run(aborter.signal).then(
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
      if (!settled) aborter.abort();
    };
  });
}
