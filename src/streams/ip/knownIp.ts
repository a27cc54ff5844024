import { distinctUntilChanged, filter, map, scan, type OperatorFunction } from 'rxjs';
import type { SchedulerEvent } from '../../events.js';

/** What there is to announce: `ip` is undefined where the first poll came to nothing and Redis has the last word. */
export interface KnownIp {
  readonly ip: string | undefined;
}

/**
 * From the events of the watch, our address as known after each poll, once per change. A poll in vain counts only as
 * the first one: it tells that nothing newer is to be had than what was stored; later it changes nothing.
 */
export function knownIp(): OperatorFunction<SchedulerEvent, KnownIp> {
  return (event$) =>
    event$.pipe(
      filter((event) => event.kind === 'ip.confirmed' || event.kind === 'ip.unknown' || event.kind === 'ip.disagreed'),
      scan((known: KnownIp, event) => (event.kind === 'ip.confirmed' ? { ip: event.ip } : known), { ip: undefined }),
      map(({ ip }) => ip),
      distinctUntilChanged(),
      map((ip) => ({ ip })),
    );
}
