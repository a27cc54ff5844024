import { isDeepStrictEqual } from 'node:util';
import {
  asapScheduler,
  connect,
  defer,
  distinctUntilChanged,
  EMPTY,
  exhaustMap,
  filter,
  ignoreElements,
  map,
  merge,
  mergeMap,
  of,
  repeat,
  scheduled,
  skip,
  take,
  takeUntil,
  tap,
  timer,
  type Observable,
} from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import { flushing } from '../sinks/sink.js';
import { every } from '../sources/every.js';
import { faultsOf } from '../streams/sync/sweep.js';
import type { Deps } from './deps.js';

const HEARTBEAT_MS = 5_000;
/** The clock is read often enough that the time between two readings never counts as a gap. */
const LOOK_MS = 2_000;
/**
 * Pause between two writes. Waiting writes must reach Redis within a second of its return, even if the outage was too
 * short to be noticed.
 */
const FLUSH_MS = 500;

/**
 * Runs beside the work for as long as it lasts: keeps the records up to date, and sends reports. `accepted$` fires when the
 * sinks have accepted an event.
 */
export function housekeeping(deps: Deps, accepted$: Observable<unknown>): Observable<SchedulerEvent> {
  const { config$, configEvent$, clock, clockWatch, redisHealth$, outboxSleep, sinks, stop$ } = deps;
  const { book, roundTrigger, families, evidence, redisConnected$ } = deps;
  const { wall, steady } = clock;
  let isUp = true;
  const redis$ = redisHealth$.pipe(
    tap(({ up }) => {
      isUp = up;
    }),
    map((health): SchedulerEvent =>
      health.up ? { kind: 'redis.up', at: wall() } : { kind: 'redis.down', at: wall(), reason: health.reason },
    ),
  );
  const up$ = redisHealth$.pipe(filter(({ up }) => up));
  // A Redis that has come back may have lost its data, so the outbox is read again, even after an outage too short to
  // be noticed.
  const back$ = merge(redisConnected$, up$).pipe(
    tap(() => {
      outboxSleep.wake();
    }),
    ignoreElements(),
  );
  const heartbeat$ = every({ intervalMs: HEARTBEAT_MS, coarse: true }).pipe(
    mergeMap((): readonly SchedulerEvent[] => [
      { kind: 'heartbeat', at: wall() },
      ...families.refresh().map((family): SchedulerEvent => ({ kind: 'family.found', at: wall(), family })),
    ]),
  );
  const look$ = every({ intervalMs: LOOK_MS, coarse: true }).pipe(
    connect((tick$) => {
      const gap$ = tick$.pipe(
        map(() => clock.epoch()),
        distinctUntilChanged(),
        skip(1),
        map((): SchedulerEvent => ({ kind: 'clock.gap', at: wall(), gapMs: clockWatch.lastGapMs })),
      );
      const isolation$ = tick$.pipe(
        mergeMap(() => evidence.recount((scope) => book.countIn(scope))),
        map(({ scope, peers, isolated }): SchedulerEvent => {
          return { kind: isolated ? 'isolation.began' : 'isolation.ended', at: wall(), scope, peers };
        }),
      );
      return merge(gap$, isolation$);
    }),
  );
  // While Redis is known to be down, only its health is probed. No timer runs while nothing waits.
  let flushedAt = -Infinity;
  const mayFlush = (): boolean => isUp && sinks.some(({ hasUnwritten }) => hasUnwritten);
  const pause = (): Observable<unknown> => {
    const leftMs = flushedAt + FLUSH_MS - steady();
    return leftMs > 0 ? timer(leftMs) : scheduled(of(undefined), asapScheduler);
  };
  const flush = (): Observable<SchedulerEvent> => {
    if (!isUp) return EMPTY;
    return flushing(sinks).pipe(
      tap({
        complete: () => {
          flushedAt = steady();
        },
      }),
    );
  };
  const untilWritten$ = defer(pause).pipe(
    mergeMap(flush),
    repeat({ delay: () => (mayFlush() ? of(undefined) : EMPTY) }),
  );
  // A round has an event for each check, so nothing is asked while a write goes on or is due.
  const flush$ = merge(accepted$, up$).pipe(exhaustMap(() => (mayFlush() ? untilWritten$ : EMPTY)));
  const stopEvent$ = stop$.pipe(map((signal): SchedulerEvent => ({ kind: 'process.stopping', at: wall(), signal })));
  const log$ = config$.pipe(
    map(({ log }) => log),
    distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
    tap((log) => {
      deps.setLog(log);
    }),
    ignoreElements(),
  );
  const policy$ = config$.pipe(
    map(({ network }) => network.allow),
    distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
    mergeMap((allow) => {
      const { opened, closed } = book.setPolicy(allow);
      if (opened) for (const lane of ['pending', 'unavailable'] as const) roundTrigger.trigger(lane);
      return [...faultsOf({ book, clock }, closed)].map(({ event }) => event);
    }),
  );
  const history$ = config$.pipe(
    map(({ history }) => history),
    distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
    tap((history) => {
      deps.setHistory(history);
    }),
    ignoreElements(),
  );
  // The receivers of notifications are subscribed before the first event.
  const beside$ = merge(deps.reports(config$), deps.companion$, deps.statusServer(config$));
  // `redis$` comes before `flush$`, which needs to know by then that Redis is up.
  const event$ = merge(beside$, configEvent$, stopEvent$, redis$, flush$, heartbeat$, look$);
  return merge(event$, back$, log$, policy$, history$);
}

/** Completes once Redis is up, or on stop. */
export function redisReady({ redisHealth$, stop$ }: Pick<Deps, 'redisHealth$' | 'stop$'>): Observable<never> {
  return redisHealth$.pipe(
    filter(({ up }) => up),
    take(1),
    ignoreElements(),
    takeUntil(stop$),
  );
}
