import { isDeepStrictEqual } from 'node:util';
import {
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
import type { Deps } from './deps.js';

const HEARTBEAT_MS = 5_000;
/** What waits is to be in Redis within a second of its return, even if it was away too shortly to be noticed. */
const FLUSH_MS = 250;
/** Often enough that a pause between two readings is never taken for a gap of the clock. */
const CLOCK_MS = 500;

/** What goes on beside the work for as long as that lasts: the records kept true, and what there is to report. */
export function housekeeping(deps: Deps): Observable<SchedulerEvent> {
  const { config$, configEvent$, clock, clockWatch, redisHealth$, alarm, sinks, stop$ } = deps;
  const { book, bell, families, redisConnected$ } = deps;
  const { wall } = clock;
  const redis$ = redisHealth$.pipe(
    map((health): SchedulerEvent =>
      health.up ? { kind: 'redis.up', at: wall() } : { kind: 'redis.down', at: wall(), reason: health.reason },
    ),
  );
  // What is due is another matter in a Redis that has come back, maybe without its data and too soon to be missed.
  const back$ = merge(redisConnected$, redisHealth$.pipe(filter(({ up }) => up))).pipe(
    tap(() => {
      alarm.ring();
    }),
    ignoreElements(),
  );
  const gap$ = every({ intervalMs: CLOCK_MS }).pipe(
    map(() => clock.epoch()),
    distinctUntilChanged(),
    skip(1),
    map((): SchedulerEvent => ({ kind: 'clock.gap', at: wall(), gapMs: clockWatch.lastGapMs })),
  );
  const heartbeat$ = every({ intervalMs: HEARTBEAT_MS }).pipe(
    map((): SchedulerEvent => ({ kind: 'heartbeat', at: wall() })),
  );
  // While Redis is known to be away its health is probed, and nothing else is sent.
  const flush$ = every({ intervalMs: FLUSH_MS, atOnce: false }).pipe(
    withLatestFrom(redisHealth$.pipe(startWith({ up: true }))),
    // Nearly always nothing waits; then nothing is started.
    filter(([, { up }]) => up && sinks.some(({ waits }) => waits)),
    exhaustMap(() => flushing(sinks)),
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
    tap((allow) => {
      if (!book.setPolicy(allow)) return;
      bell.ring('pending');
      bell.ring('unavailable');
    }),
    ignoreElements(),
  );
  const history$ = config$.pipe(
    map(({ history }) => history),
    distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
    tap((history) => {
      deps.setHistory(history);
    }),
    ignoreElements(),
  );
  const family$ = heartbeat$.pipe(
    mergeMap(() => families.look()),
    map((family): SchedulerEvent => ({ kind: 'family.found', at: wall(), family })),
  );
  const event$ = merge(
    configEvent$,
    stopEvent$,
    deps.companion$,
    deps.statusServer(config$),
    redis$,
    gap$,
    heartbeat$,
    family$,
    flush$,
  );
  return merge(event$, back$, log$, policy$, history$);
}

/** Completes once Redis has come, or the process is to stop. */
export function redisCame({ redisHealth$, stop$ }: Pick<Deps, 'redisHealth$' | 'stop$'>): Observable<never> {
  return redisHealth$.pipe(
    filter(({ up }) => up),
    take(1),
    ignoreElements(),
    takeUntil(stop$),
  );
}
