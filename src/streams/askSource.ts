import { asyncScheduler, defer, of, timeout, type Observable, type SchedulerLike } from 'rxjs';
import type { IpAnswer, IpSource } from '../domain/ipSource.js';
import { abortable } from './abortable.js';

/**
 * One lookup under a deadline. A lookup that outlives its deadline (public-ip's DNS sockets live on for up to 30 s)
 * makes the source count as failed until it has settled: never two lookups of one source at once.
 */
export function asking(
  timeoutMs: number,
  scheduler: SchedulerLike = asyncScheduler,
): (source: IpSource) => Observable<IpAnswer> {
  const busy = new Set<IpSource>();
  const timedOut: IpAnswer = { ok: false, reason: 'timeout' };
  return (source) =>
    defer(() => {
      if (busy.has(source)) return of(timedOut);
      busy.add(source);
      return abortable((signal) => source.lookup(signal).finally(() => busy.delete(source))).pipe(
        timeout({ first: timeoutMs, scheduler, with: () => of(timedOut) }),
      );
    });
}
