import {
  asyncScheduler,
  concat,
  defer,
  map,
  of,
  switchMap,
  timer,
  type Observable,
  type OperatorFunction,
  type SchedulerLike,
} from 'rxjs';
import type { Clock } from '../../domain/clock.js';
import { isFlapping } from '../../domain/ip/flap.js';
import type { OwnIp } from '../../domain/ip/source.js';
import type { EventOf } from '../../events.js';

/** The IP to announce now. It is undefined if no poll has found an IP; the stored IP is then announced. */
export interface Announced {
  readonly kind: 'announce';
  readonly own: OwnIp | undefined;
}

/**
 * After more changes than this within the window, a further change must stay unchanged for a while before it is
 * announced.
 */
const LIMIT = { max: 5, windowMs: 600_000 };
const QUIET_MS = 300_000;

/**
 * Passes changes at once until they come too often. From then on each change must stay unchanged for 5 minutes
 * first.
 */
export function dampFlaps(
  { wall, steady }: Pick<Clock, 'wall' | 'steady'>,
  scheduler: SchedulerLike = asyncScheduler,
): OperatorFunction<OwnIp | undefined, Announced | EventOf<'ip.held'>> {
  return (own$) =>
    defer(() => {
      let current: string | undefined;
      let changesAt: readonly number[] = [];
      const pass = (own: OwnIp): Announced => {
        if (current !== undefined && current !== own.ip) changesAt = [...changesAt, steady()].slice(-LIMIT.max);
        current = own.ip;
        return { kind: 'announce', own };
      };
      return own$.pipe(
        switchMap((own): Observable<Announced | EventOf<'ip.held'>> => {
          if (own === undefined) return of({ kind: 'announce', own });
          const { ip } = own;
          if (ip === current || !isFlapping(changesAt, steady(), LIMIT)) return of(pass(own));
          const held: EventOf<'ip.held'> = { kind: 'ip.held', at: wall(), ip, quietMs: QUIET_MS };
          return concat(of(held), timer(QUIET_MS, scheduler).pipe(map(() => pass(own))));
        }),
      );
    });
}
