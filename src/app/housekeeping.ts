import { isDeepStrictEqual } from 'node:util';
import {
  connect,
  distinctUntilChanged,
  filter,
  ignoreElements,
  map,
  merge,
  mergeMap,
  skip,
  take,
  takeUntil,
  tap,
  type Observable,
} from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import { every } from '../sources/every.js';
import { faultsOf } from '../streams/sync/sweep.js';
import type { Deps } from './deps.js';
import { writing } from './writing.js';

const HEARTBEAT_MS = 5_000;
/** The clock is read often enough that the time between two readings never counts as a gap. */
const LOOK_MS = 2_000;

/**
 * Runs beside the work for as long as it lasts: keeps the records up to date, and sends reports. `accepted$` fires when the
 * sinks have accepted an event.
 */
export function housekeeping(deps: Deps, accepted$: Observable<unknown>): Observable<SchedulerEvent> {
  const { config$, configEvent$, clock, clockWatch, redisHealth$, outboxSleep, stop$ } = deps;
  const { book, roundTrigger, families, evidence, redisConnected$ } = deps;
  const { wall } = clock;
  const redis$ = redisHealth$.pipe(
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
  const event$ = merge(beside$, configEvent$, stopEvent$, redis$, writing(deps, accepted$), heartbeat$, look$);
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
