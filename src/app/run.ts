import { lastValueFrom, map, shareReplay, switchMap, take, timer, withLatestFrom } from 'rxjs';
import type { Config } from '../config/config.js';
import { redisHealth } from '../sources/redisHealth.js';
import { configuration } from './configuration.js';
import type { Io, Parts } from './deps.js';
import { pipeline } from './pipeline.js';

/** Runs the pipeline until the first signal, and then until its work has drained. */
export async function run(initial: Config, parts: Parts, io: Io): Promise<void> {
  const { clock, pingRedis, redisLost$, explain } = parts;
  const { config$, event$: configEvent$ } = configuration(initial, io.configChange$, clock.wall);
  const stop$ = io.signal$.pipe(take(1), shareReplay({ bufferSize: 1, refCount: true }));
  const killed$ = stop$.pipe(
    withLatestFrom(config$, (_, { shutdown }) => shutdown.graceMs),
    switchMap((graceMs) => timer(graceMs)),
  );
  const redisHealth$ = redisHealth(pingRedis, redisLost$, explain).pipe(shareReplay({ bufferSize: 1, refCount: true }));
  const deps = { ...parts, ...io, config$, configEvent$, redisHealth$, stop$, killed$ };
  // An error that the pipeline cannot survive rejects here and ends the process.
  await lastValueFrom(pipeline(deps).pipe(map(() => undefined)), { defaultValue: undefined });
}
