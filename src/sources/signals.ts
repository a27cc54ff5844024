import { defer, fromEvent, map, Observable, of, take } from 'rxjs';

/** The first signal to stop, by its name; at once where it has come already. */
export function stopSignal(stop: AbortSignal): Observable<string> {
  return defer(() => (stop.aborted ? of(undefined) : fromEvent(stop, 'abort'))).pipe(
    take(1),
    map(() => String(stop.reason)),
  );
}

/** Each signal that asks for the configuration to be read again, as `listen` tells of them. */
export function hangUps(listen: (listener: () => void) => () => void): Observable<string> {
  return new Observable((subscriber) =>
    listen(() => {
      subscriber.next('SIGHUP');
    }),
  );
}
