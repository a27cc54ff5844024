import {
  asyncScheduler,
  concat,
  defer,
  map,
  of,
  switchMap,
  timer,
  type OperatorFunction,
  type SchedulerLike,
} from 'rxjs';
import { isFlapping } from '../../domain/ip/flap.js';
import type { EventOf } from '../../events.js';
import type { KnownIp } from './knownIp.js';

/** More changes than this within the window, and further ones have to stand for a while before they leave. */
const LIMIT = { max: 5, windowMs: 600_000 };
const QUIET_MS = 300_000;

/** Lets changes through at once until they come too often; then each waits until it has stood unchanged for 5 min. */
export function dampFlaps(
  wall: () => number,
  steady: () => number,
  scheduler: SchedulerLike = asyncScheduler,
): OperatorFunction<KnownIp, KnownIp | EventOf<'ip.held'>> {
  return (known$) =>
    defer(() => {
      let current: string | undefined;
      let changesAt: readonly number[] = [];
      const pass = (ip: string): KnownIp => {
        if (current !== undefined && current !== ip) changesAt = [...changesAt, steady()].slice(-LIMIT.max);
        current = ip;
        return { ip };
      };
      return known$.pipe(
        switchMap(({ ip }) => {
          if (ip === undefined) return of({ ip });
          if (ip === current || !isFlapping(changesAt, steady(), LIMIT)) return of(pass(ip));
          const held: EventOf<'ip.held'> = { kind: 'ip.held', at: wall(), ip, quietMs: QUIET_MS };
          return concat(of(held), timer(QUIET_MS, scheduler).pipe(map(() => pass(ip))));
        }),
      );
    });
}
