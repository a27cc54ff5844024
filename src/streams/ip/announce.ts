import {
  asyncScheduler,
  concat,
  defer,
  EMPTY,
  exhaustMap,
  filter,
  ignoreElements,
  merge,
  mergeMap,
  of,
  race,
  repeat,
  skip,
  switchMap,
  take,
  takeUntil,
  tap,
  timer,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import type { Lease, Outbox } from '../../domain/announce/outbox.js';
import type { EventOf, SchedulerEvent } from '../../events.js';
import { alongside } from '../operators/alongside.js';
import type { KnownIp } from './knownIp.js';
import { retryUntilStopped, type RetryOptions } from '../operators/retryUntilStopped.js';
import { pull } from '../operators/pull.js';

export interface AnnounceOptions extends RetryOptions {
  readonly outbox: Outbox;
  /** One attempt, from the claim to its settlement; never errors. */
  readonly attempt: (claim: Extract<Lease, { kind: 'due' }>) => Observable<SchedulerEvent>;
  /** In force once what is in flight has ended, replayed; a lease must be longer than an attempt can take. */
  readonly settings$: Observable<{ readonly concurrency: number; readonly leaseMs: number }>;
  /** True each time that Redis has come (back), false when it went. */
  readonly redisUp$: Observable<boolean>;
  /** Ends the claiming; attempts in flight go on. Replayed to late subscribers. */
  readonly stop$: Observable<unknown>;
}

/** How often the outbox is looked at again where nothing else gives cause to. */
const REVIEW_MS = 60_000;
/** Longest sleep of a worker that finds nothing due: clocks jump. What is put off, its own worker looks at first. */
const MAX_IDLE_WAIT_MS = 60_000;

type Item = Exclude<Lease, { kind: 'wait' | 'empty' }> | EventOf<'redis.failed'>;

/**
 * Makes every producer hear of each change: the newest IP wins, requests that still carry the one before are aborted
 * before the new one is recorded, and a worker goes on asking the outbox until it is empty.
 */
export function announce(options: AnnounceOptions): OperatorFunction<KnownIp | EventOf<'ip.held'>, SchedulerEvent> {
  const { outbox, settings$, redisUp$, stop$, wall, scheduler = asyncScheduler } = options;

  // What is due is another matter in a Redis that has come back, maybe without its data.
  const cameBack$ = redisUp$.pipe(
    skip(1),
    filter((up) => up),
  );

  const record = (ip: string): Observable<SchedulerEvent> =>
    retryUntilStopped('recording an IP change', () => outbox.enqueue(ip), options).pipe(
      mergeMap((step): Observable<SchedulerEvent> => {
        if (step.kind !== 'done') return of(step);
        const { changed, previous, producers } = step.value;
        return changed ? of({ kind: 'ip.changed', at: wall(), ip, previous, producers }) : EMPTY;
      }),
    );

  /** The next producer that is due, however long that takes; empty once the outbox is. */
  const next = (ip: string | undefined, leaseMs: number): Observable<Item> =>
    defer(() => {
      let waiting = true;
      return retryUntilStopped('reading the announcements', () => outbox.lease(ip, leaseMs), options).pipe(
        mergeMap((step): Observable<Item> => {
          if (step.kind !== 'done') return of(step);
          const claim = step.value;
          waiting = claim.kind === 'wait';
          if (claim.kind === 'empty') return EMPTY;
          return claim.kind === 'wait'
            ? race(timer(Math.min(claim.forMs, MAX_IDLE_WAIT_MS), scheduler), cameBack$).pipe(
                take(1),
                mergeMap(() => EMPTY),
              )
            : of(claim);
        }),
        repeat({ delay: () => (waiting ? of(undefined) : EMPTY) }),
      );
    });

  const deliver = (ip: string | undefined): Observable<SchedulerEvent> => {
    const work = (item: Item): Observable<SchedulerEvent> => {
      switch (item.kind) {
        case 'due':
          return options.attempt(item);
        case 'redis.failed':
          return of(item);
        case 'dropped':
          return of({ kind: 'announcement.dropped', at: wall(), uuid: item.uuid });
        case 'stale':
          return ip === undefined ? EMPTY : record(ip);
        default:
          return item satisfies never;
      }
    };
    return defer(() => {
      let outdated = false;
      const newer$ = settings$.pipe(
        skip(1),
        tap(() => (outdated = true)),
      );
      const next$ = (leaseMs: number): Observable<Item> =>
        defer(() => (outdated ? EMPTY : next(ip, leaseMs).pipe(takeUntil(merge(stop$, newer$)))));
      return settings$.pipe(
        take(1),
        tap(() => (outdated = false)),
        switchMap(({ concurrency, leaseMs }) => pull(next$(leaseMs), work, concurrency)),
        alongside(newer$.pipe(ignoreElements())),
        repeat({ delay: () => (outdated ? of(undefined) : EMPTY) }),
      );
    });
  };

  return (known$) =>
    known$.pipe(
      switchMap((known) => {
        if ('kind' in known) return of(known);
        const { ip } = known;
        const occasion$ = redisUp$.pipe(
          filter((up) => up),
          switchMap(() => timer(0, REVIEW_MS, scheduler)),
          takeUntil(stop$),
        );
        return occasion$.pipe(exhaustMap(() => (ip === undefined ? deliver(ip) : concat(record(ip), deliver(ip)))));
      }),
    );
}
