import { filter, map, scan, type OperatorFunction } from 'rxjs';
import type { OwnIp } from '../../domain/ip/source.js';
import type { SchedulerEvent } from '../../events.js';

/**
 * Our address as known after each poll, from the events of the watch. A poll without a result changes nothing, except
 * that the first one yields undefined: nothing newer is to be had than the IP that is stored.
 */
export function knownIp(): OperatorFunction<SchedulerEvent, OwnIp | undefined> {
  return (event$) =>
    event$.pipe(
      filter((event) => event.kind === 'ip.confirmed' || event.kind === 'ip.unknown' || event.kind === 'ip.disagreed'),
      scan(
        (known: { own: OwnIp | undefined }, event) =>
          event.kind === 'ip.confirmed' ? { own: { ip: event.ip, agreed: event.agreed } } : known,
        { own: undefined },
      ),
      map(({ own }) => own),
    );
}

/** Whether that is the same address, from any source. */
export function isSameIp(a: OwnIp | undefined, b: OwnIp | undefined): boolean {
  return a?.ip === b?.ip;
}
