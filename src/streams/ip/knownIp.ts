import { filter, map, scan, type OperatorFunction } from 'rxjs';
import type { SchedulerEvent } from '../../events.js';

/**
 * Our address as known after each poll, from the events of the watch. A poll without a result changes nothing, except
 * that the first one yields undefined: nothing newer is to be had than the IP that is stored.
 */
export function knownIp(): OperatorFunction<SchedulerEvent, string | undefined> {
  return (event$) =>
    event$.pipe(
      filter((event) => event.kind === 'ip.confirmed' || event.kind === 'ip.unknown' || event.kind === 'ip.disagreed'),
      scan((known: { ip: string | undefined }, event) => (event.kind === 'ip.confirmed' ? { ip: event.ip } : known), {
        ip: undefined,
      }),
      map(({ ip }) => ip),
    );
}
