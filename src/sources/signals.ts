import { fromEvent, map, merge, type Observable } from 'rxjs';

/** Each signal that asks the process to stop, by its name. */
export function stopSignals(): Observable<string> {
  return merge(...['SIGTERM', 'SIGINT'].map((name) => fromEvent(process, name).pipe(map(() => name))));
}

/** Each signal that asks for the configuration to be read again. */
export function hangUps(): Observable<string> {
  return fromEvent(process, 'SIGHUP').pipe(map(() => 'SIGHUP'));
}
