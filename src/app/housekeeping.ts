import { isDeepStrictEqual } from 'node:util';
import {
  connect,
  distinctUntilChanged,
  exhaustMap,
  filter,
  ignoreElements,
  map,
  merge,
  mergeMap,
  skip,
  startWith,
  take,
  takeUntil,
  tap,
  withLatestFrom,
  type Observable,
} from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import { flushing } from '../sinks/sink.js';
import { every } from '../sources/every.js';
import { faultsOf } from '../streams/sync/sweep.js';
import type { Deps } from './deps.js';

/** Waiting writes must reach Redis within a second of its return, even if the outage was too short to be noticed. */
const TICK_MS = 500;
const TICKS_PER_HEARTBEAT = 10;
const TICKS_PER_RECOUNT = 2;

/** Runs beside the work for as long as it lasts: keeps the records up to date, and sends reports. */
export function housekeeping(deps: Deps): Observable<SchedulerEvent> {
  const { config$, configEvent$, clock, clockWatch, redisHealth$, outboxSleep, sinks, stop$ } = deps;
  const { book, roundTrigger, families, evidence, redisConnected$ } = deps;
  const { wall } = clock;
  const redis$ = redisHealth$.pipe(
    map((health): SchedulerEvent =>
      health.up ? { kind: 'redis.up', at: wall() } : { kind: 'redis.down', at: wall(), reason: health.reason },
    ),
  );
  // A Redis that has come back may have lost its data, so the outbox is read again, even after an outage too short to
  // be noticed.
  const back$ = merge(redisConnected$, redisHealth$.pipe(filter(({ up }) => up))).pipe(
    tap(() => {
      outboxSleep.wake();
    }),
    ignoreElements(),
  );
  // One timer serves all periodic tasks, because each further timer would wake the process separately.
  const kept$ = every({ intervalMs: TICK_MS }).pipe(
    map((_, i) => i),
    connect((tick$) => {
      // The clock is read at each tick, so that the time between two readings never counts as a gap.
      const gap$ = tick$.pipe(
        map(() => clock.epoch()),
        distinctUntilChanged(),
        skip(1),
        map((): SchedulerEvent => ({ kind: 'clock.gap', at: wall(), gapMs: clockWatch.lastGapMs })),
      );
      const heartbeat$ = tick$.pipe(
        filter((i) => i % TICKS_PER_HEARTBEAT === 0),
        mergeMap((): readonly SchedulerEvent[] => [
          { kind: 'heartbeat', at: wall() },
          ...families.refresh().map((family): SchedulerEvent => ({ kind: 'family.found', at: wall(), family })),
        ]),
      );
      const isolation$ = tick$.pipe(
        filter((i) => i % TICKS_PER_RECOUNT === 0),
        mergeMap(() => evidence.recount((scope) => book.countIn(scope))),
        map(({ scope, peers, isolated }): SchedulerEvent => {
          return { kind: isolated ? 'isolation.began' : 'isolation.ended', at: wall(), scope, peers };
        }),
      );
      // While Redis is known to be down, only its health is probed. Usually there is nothing to flush.
      const flush$ = tick$.pipe(
        skip(1),
        withLatestFrom(redisHealth$.pipe(startWith({ up: true }))),
        filter(([, { up }]) => up && sinks.some(({ hasUnwritten }) => hasUnwritten)),
        exhaustMap(() => flushing(sinks)),
      );
      return merge(gap$, heartbeat$, isolation$, flush$);
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
  const event$ = merge(beside$, configEvent$, stopEvent$, redis$, kept$);
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
