import { asyncScheduler, catchError, defer, of, switchMap, timeout, type Observable, type SchedulerLike } from 'rxjs';
import type { IpAnswer, IpSource } from '../../domain/ip/source.js';
import type { LookUp } from './lookUp.js';

export interface DeadlineOptions {
  readonly lookUp: LookUp;
  readonly timeoutMs: number;
  /** Grows when the process stood still. */
  readonly epoch: () => number;
  readonly scheduler?: SchedulerLike;
}

const TIMED_OUT: IpAnswer = { ok: false, reason: 'timeout' };
const FAILED: IpAnswer = { ok: false, reason: 'other' };

/**
 * One lookup with a deadline. Never errors. If the process stood still during the lookup, its result belongs to
 * another time, so the lookup is repeated.
 */
export function lookUpWithDeadline({ lookUp, timeoutMs, epoch, scheduler = asyncScheduler }: DeadlineOptions): LookUp {
  const ask = (source: IpSource, known: string | undefined): Observable<IpAnswer> =>
    defer(() => {
      const before = epoch();
      return defer(() => lookUp(source, known)).pipe(
        timeout({ first: timeoutMs, scheduler, with: () => of(TIMED_OUT) }),
        catchError(() => of(FAILED)),
        switchMap((answer) => (epoch() === before ? of(answer) : ask(source, known))),
      );
    });
  return ask;
}
