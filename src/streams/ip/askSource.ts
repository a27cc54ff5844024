import { asyncScheduler, defer, of, timeout, type Observable, type SchedulerLike } from 'rxjs';
import type { IpAnswer, IpSource } from '../../domain/ip/source.js';
import { abortable } from '../operators/abortable.js';

export interface AskOptions {
  readonly timeoutMs: number;
  /** The names of the sources that are being asked; kept by the caller for as long as any source may be. */
  readonly busy: Set<string>;
  readonly scheduler?: SchedulerLike;
}

/**
 * One lookup under a deadline. A lookup that outlives its deadline (public-ip's DNS sockets live on for up to 30 s)
 * makes the source count as failed until it has settled: never two lookups of one source at once.
 */
export function asking(options: AskOptions): (source: IpSource) => Observable<IpAnswer> {
  const { timeoutMs, busy, scheduler = asyncScheduler } = options;
  const timedOut: IpAnswer = { ok: false, reason: 'timeout' };
  return (source) =>
    defer(() => {
      const { name } = source;
      if (busy.has(name)) return of(timedOut);
      busy.add(name);
      return abortable((signal) => source.lookup(signal).finally(() => busy.delete(name))).pipe(
        timeout({ first: timeoutMs, scheduler, with: () => of(timedOut) }),
      );
    });
}
