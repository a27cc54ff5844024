import { filter, map, scan, type OperatorFunction } from 'rxjs';
import type { OwnIp } from '../../domain/ip/source.js';
import type { SchedulerEvent } from '../../events.js';

/**
 * The known IP after each poll, from the events of `watchIp`. A poll without a result changes nothing, except that
 * the first such poll yields undefined: the stored IP is then the best that is known.
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

/** Whether both are the same address, whatever their sources. */
export function isSameIp(a: OwnIp | undefined, b: OwnIp | undefined): boolean {
  return a?.ip === b?.ip;
}
