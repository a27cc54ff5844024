import {
  concat,
  defer,
  filter,
  ignoreElements,
  lastValueFrom,
  map,
  merge,
  shareReplay,
  switchMap,
  take,
  takeUntil,
  tap,
  timer,
  withLatestFrom,
} from 'rxjs';
import type { Config } from '../config/config.js';
import type { SchedulerEvent } from '../events.js';
import { flushing } from '../sinks/sink.js';
import { redisHealth } from '../sources/redisHealth.js';
import { alongside } from '../streams/operators/alongside.js';
import { background } from './background.js';
import { configuration } from './configuration.js';
import type { RunIo } from './context.js';
import { ipChanges } from './ipChanges.js';
import type { Parts } from './parts.js';
import { syncLanes } from './syncLanes.js';

/**
 * The scheduler: registry and IP polls (sources) → rounds and announcements (streams) → Redis and the log (sinks),
 * until the first signal and the draining after it.
 */
export async function run(initial: Config, parts: Parts, io: RunIo): Promise<void> {
  const { clock, explain, pingRedis, sinks, log } = parts;
  const { wall } = clock;

  // Sources: the configuration, Redis' health, and the two switches that end everything.
  const { config$, event$: configEvent$ } = configuration(initial, io.configChange$, wall);
  const health$ = redisHealth(pingRedis, explain).pipe(shareReplay({ bufferSize: 1, refCount: true }));
  const redisUp$ = health$.pipe(map(({ up }) => up));
  let stopping = false;
  const stop$ = io.signal$.pipe(
    take(1),
    tap(() => (stopping = true)),
    shareReplay({ bufferSize: 1, refCount: true }),
  );
  const killed$ = stop$.pipe(
    withLatestFrom(config$, (_, { shutdown }) => shutdown.graceMs),
    switchMap((graceMs) => timer(graceMs)),
  );
  const redisCame$ = redisUp$.pipe(
    filter((up) => up),
    take(1),
    ignoreElements(),
    takeUntil(stop$),
  );

  // Streams: nothing is asked before Redis has come; then both halves of the mission run side by side.
  const context = { ...parts, config$, stop$, stopping: () => stopping };
  const sync$ = syncLanes(context, parts);
  const ip$ = ipChanges(context, { ...parts, redisUp$ });
  const stopEvent$ = stop$.pipe(map((signal): SchedulerEvent => ({ kind: 'process.stopping', at: wall(), signal })));
  const beside$ = merge(configEvent$, stopEvent$, background(context, parts, io, health$));
  const work$ = concat(redisCame$, merge(sync$, ip$)).pipe(takeUntil(killed$));

  // Sinks: the verdicts were written inside the rounds; what is told of them and of all else goes here.
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
