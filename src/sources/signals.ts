import { defer, fromEvent, map, Observable, of, take } from 'rxjs';

/** Emits the name of the first stop signal, at once if it has arrived before. */
export function stopSignal(stop: AbortSignal): Observable<string> {
  return defer(() => (stop.aborted ? of(undefined) : fromEvent(stop, 'abort'))).pipe(
    take(1),
    map(() => String(stop.reason)),
  );
}

/** Emits each SIGHUP that `listen` reports; it requests a reload of the configuration. */
export function sighups(listen: (listener: () => void) => () => void): Observable<string> {
  return new Observable((subscriber) =>
    listen(() => {
      subscriber.next('SIGHUP');
    }),
  );
}
