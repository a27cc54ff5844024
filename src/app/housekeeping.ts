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
import type { Deps } from './deps.js';

/** What waits is to be in Redis within a second of its return, even if it was away too shortly to be noticed. */
const TICK_MS = 250;
/** The clock is read often enough that a pause between two readings is never taken for a gap. */
const TICKS_PER_LOOK = 2;
const TICKS_PER_HEARTBEAT = 20;
const TICKS_PER_RECOUNT = 4;

/** What goes on beside the work for as long as that lasts: the records kept true, and what there is to report. */
export function housekeeping(deps: Deps): Observable<SchedulerEvent> {
  const { config$, configEvent$, clock, clockWatch, redisHealth$, alarm, sinks, stop$ } = deps;
  const { book, bell, families, evidence, redisConnected$ } = deps;
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
  // One timer for what goes on all the time: each one more would wake the process up by itself.
  const kept$ = every({ intervalMs: TICK_MS }).pipe(
    map((_, i) => i),
    connect((tick$) => {
      const gap$ = tick$.pipe(
        filter((i) => i % TICKS_PER_LOOK === 0),
        map(() => clock.epoch()),
        distinctUntilChanged(),
        skip(1),
        map((): SchedulerEvent => ({ kind: 'clock.gap', at: wall(), gapMs: clockWatch.lastGapMs })),
      );
      const heartbeat$ = tick$.pipe(
        filter((i) => i % TICKS_PER_HEARTBEAT === 0),
        mergeMap((): readonly SchedulerEvent[] => [
          { kind: 'heartbeat', at: wall() },
          ...families.look().map((family): SchedulerEvent => ({ kind: 'family.found', at: wall(), family })),
        ]),
      );
      const isolation$ = tick$.pipe(
        filter((i) => i % TICKS_PER_RECOUNT === 0),
        mergeMap(() => evidence.recount((scope) => book.countIn(scope))),
        map(({ scope, peers, isolated }): SchedulerEvent => {
          return { kind: isolated ? 'isolation.began' : 'isolation.ended', at: wall(), scope, peers };
        }),
      );
      // While Redis is known to be away its health is probed, and nothing else is sent; and nearly always nothing
      // waits.
      const flush$ = tick$.pipe(
        skip(1),
        withLatestFrom(redisHealth$.pipe(startWith({ up: true }))),
        filter(([, { up }]) => up && sinks.some(({ waits }) => waits)),
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
  // The receivers of notifications are there before the first event.
  const beside$ = merge(deps.reports(config$), deps.companion$, deps.statusServer(config$));
  const event$ = merge(beside$, configEvent$, stopEvent$, redis$, kept$);
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
