import {
  concat,
  defer,
  distinctUntilChanged,
  exhaustMap,
  filter,
  ignoreElements,
  lastValueFrom,
  map,
  merge,
  shareReplay,
  skip,
  switchMap,
  take,
  takeUntil,
  tap,
  timer,
  withLatestFrom,
  type Observable,
} from 'rxjs';
import type { Config } from '../config/config.js';
import type { SchedulerEvent } from '../events.js';
import { flushing } from '../sinks/flush.js';
import type { ConfigChange } from '../sources/configFile.js';
import { every } from '../sources/every.js';
import { redisHealth } from '../sources/redisHealth.js';
import { alongside } from '../streams/alongside.js';
import { configuration } from './configuration.js';
import { ipChanges } from './ipChanges.js';
import type { Parts } from './parts.js';
import { syncLanes } from './syncLanes.js';

const HEARTBEAT_MS = 5_000;
const FLUSH_MS = 1_000;
/** Often enough that silence of the asker is never taken for a gap. */
const CLOCK_MS = 500;

export interface RunIo {
  /** Each signal to stop, by name. */
  readonly signal$: Observable<string>;
  readonly configChange$: Observable<ConfigChange>;
  /** What else has to run beside the pipeline: the embedded Redis. */
  readonly companion$: Observable<SchedulerEvent>;
  /** For the second signal: no waiting, no flushing. */
  readonly exitNow: () => void;
  readonly setLogLevel: (level: Config['log']['level']) => void;
}

/**
 * The scheduler: registry and IP polls (sources) → rounds and announcements (streams) → Redis and the log (sinks),
 * until the first signal and the draining after it.
 */
export async function run(initial: Config, parts: Parts, io: RunIo): Promise<void> {
  const { clock, watch, explain, redis, sinks, log } = parts;
  const { wall } = clock;
  let stopping = false;

  const { config$, event$: configEvent$ } = configuration(initial, io.configChange$, wall);
  const health$ = redisHealth(redis, explain).pipe(shareReplay({ bufferSize: 1, refCount: true }));
  const redisUp$ = health$.pipe(map(({ up }) => up));
  const stop$ = io.signal$.pipe(
    take(1),
    tap(() => (stopping = true)),
    shareReplay({ bufferSize: 1, refCount: true }),
  );
  const killed$ = stop$.pipe(
    withLatestFrom(config$, (_, { shutdown }) => shutdown.graceMs),
    switchMap((graceMs) => timer(graceMs)),
  );
  const context = { ...parts, config$, stop$, stopping: () => stopping };

  const redisCame$ = redisUp$.pipe(
    filter((up) => up),
    take(1),
    ignoreElements(),
    takeUntil(stop$),
  );
  const work$ = concat(redisCame$, merge(syncLanes(context, parts), ipChanges(context, { ...parts, redisUp$ }))).pipe(
    takeUntil(killed$),
  );

  const beside$ = merge(
    io.companion$,
    configEvent$,
    health$.pipe(
      map((health): SchedulerEvent =>
        health.up ? { kind: 'redis.up', at: wall() } : { kind: 'redis.down', at: wall(), reason: health.reason },
      ),
    ),
    every({ intervalMs: CLOCK_MS }).pipe(
      map(() => clock.epoch()),
      distinctUntilChanged(),
      skip(1),
      map((): SchedulerEvent => ({ kind: 'clock.gap', at: wall(), gapMs: watch.lastGapMs })),
    ),
    every({ intervalMs: HEARTBEAT_MS }).pipe(map((): SchedulerEvent => ({ kind: 'heartbeat', at: wall() }))),
    every({ intervalMs: FLUSH_MS, atOnce: false }).pipe(exhaustMap(() => flushing(sinks, wall, explain))),
    config$.pipe(
      tap(({ log }) => {
        io.setLogLevel(log.level);
      }),
      ignoreElements(),
    ),
    stop$.pipe(map((signal): SchedulerEvent => ({ kind: 'process.stopping', at: wall(), signal }))),
    io.signal$.pipe(skip(1), tap(io.exitNow), ignoreElements()),
  );

  const accept = (event: SchedulerEvent): void => {
    log.accept(event);
    sinks.state.accept(event);
    sinks.journal.accept(event);
  };
  const event$ = concat(
    work$.pipe(alongside(beside$)),
    defer(() => flushing(sinks, wall, explain)),
  ).pipe(tap(accept));
  await lastValueFrom(event$, { defaultValue: undefined });
}
