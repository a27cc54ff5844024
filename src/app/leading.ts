import {
  asyncScheduler,
  catchError,
  connect,
  defer,
  distinctUntilChanged,
  EMPTY,
  exhaustMap,
  filter,
  from,
  ignoreElements,
  map,
  merge,
  repeat,
  share,
  switchMap,
  takeUntil,
  tap,
  timer,
  type Observable,
} from 'rxjs';
import type { LeaseState } from '../leader/candidacy.js';
import type { SchedulerEvent } from '../events.js';
import { untilNext } from '../sources/coalesced.js';
import { every } from '../sources/every.js';
import { alongside } from '../streams/operators/alongside.js';
import type { Deps } from './deps.js';

/** A holder renews its lease this often per lease. */
export const BEATS_PER_LEASE = 5;
/** Interval of a standby: it must notice an orderly end of the holder within a second. */
export const STANDBY_MS = 500;

type LeadDeps = Pick<
  Deps,
  'candidacy' | 'leadership' | 'leaseMs' | 'redisConnected$' | 'book' | 'undecided' | 'outboxSleep' | 'clock' | 'stop$'
>;

/**
 * Runs the work while this process holds the registry. It stands by before that, and again after a loss of the
 * lease.
 */
export function whileLeading(deps: LeadDeps, work$: Observable<SchedulerEvent>): Observable<SchedulerEvent> {
  const { clock, stop$, book, undecided, outboxSleep } = deps;
  const { wall } = clock;
  const leaseState$ = beats(deps).pipe(share());
  const change$ = leaseState$.pipe(
    distinctUntilChanged(isSame),
    tap(({ kind }) => {
      // A lease that was lost with the data of Redis means that the outbox is lost too.
      if (kind === 'leads') outboxSleep.wake();
    }),
    takeUntil(stop$),
  );
  const worked$ = change$.pipe(
    connect((changed$) =>
      merge(
        changed$.pipe(
          map((leaseState) => toEvent(leaseState, wall())),
          filter((event) => event !== undefined),
        ),
        changed$.pipe(
          map(({ kind }) => kind === 'leads' || kind === 'unwritten'),
          distinctUntilChanged(),
          switchMap((leads) => {
            if (leads) return work$;
            // Results found under an earlier lease are dropped. The new holder checks these peers again.
            for (const { entry } of undecided.clear()) book.unreserve(entry.uuid);
            book.clear();
            return EMPTY;
          }),
        ),
      ),
    ),
  );
  // The lease is kept while work in flight drains.
  return worked$.pipe(alongside(leaseState$.pipe(ignoreElements())));
}

/** Releases the lease at the end. */
export function releaseLease({ candidacy }: Pick<Deps, 'candidacy'>): Observable<never> {
  return defer(() => from(candidacy.release())).pipe(
    ignoreElements(),
    catchError(() => EMPTY),
  );
}

/** The state after each beat. The next beat comes at its time, or at once for a reason. A standby beats twice a second. */
function beats({ candidacy, leadership, leaseMs, redisConnected$ }: LeadDeps): Observable<LeaseState> {
  const holdingMs = leaseMs / BEATS_PER_LEASE;
  const waitingMs = Math.min(STANDBY_MS, holdingMs);
  const reason$ = merge(redisConnected$, leadership.refused$);
  const again = (): Observable<unknown> =>
    leadership.leads ? EMPTY : merge(timer(untilNext(waitingMs, asyncScheduler)), reason$);
  return merge(every({ intervalMs: holdingMs, coarse: true }), reason$).pipe(
    exhaustMap(() => defer(() => candidacy.beat()).pipe(repeat({ delay: again }))),
    filter(({ kind }) => kind !== 'unknown'),
  );
}

/** Whether the second state needs no new event. */
export function isSame(a: LeaseState, b: LeaseState): boolean {
  if (a.kind === 'leads' && b.kind === 'leads') return a.term === b.term;
  if (a.kind === 'standby' && b.kind === 'standby') return a.holder.token === b.holder.token;
  return a.kind === 'unwritten' && b.kind === 'unwritten' && a.reason === b.reason;
}

export function toEvent(leaseState: LeaseState, at: number): SchedulerEvent | undefined {
  switch (leaseState.kind) {
    case 'leads': {
      const { term, afterMs } = leaseState;
      return term === undefined ? undefined : { kind: 'leader.took', at, term, afterMs };
    }
    case 'unwritten':
      return { kind: 'leader.unwritten', at, reason: leaseState.reason };
    case 'standby':
      return { kind: leaseState.lost ? 'leader.lost' : 'leader.standing-by', at, holder: leaseState.holder };
    case 'unknown':
      return undefined;
  }
}
