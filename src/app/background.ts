import { distinctUntilChanged, exhaustMap, ignoreElements, map, merge, skip, tap, type Observable } from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import { flushing } from '../sinks/sink.js';
import { every } from '../sources/every.js';
import type { RedisHealth } from '../sources/redisHealth.js';
import type { Context, RunIo } from './context.js';
import type { Parts } from './parts.js';

const HEARTBEAT_MS = 5_000;
/** What waits is to be in Redis within a second of its being back, be it away too shortly to be noticed. */
const FLUSH_MS = 250;
/** Often enough that silence of the asker is never taken for a gap. */
const CLOCK_MS = 500;

/** What goes on beside the work for as long as that lasts: the records kept true, and what there is to tell. */
export function background(
  { config$, clock, explain }: Context,
  { watch, sinks }: Parts,
  io: RunIo,
  health$: Observable<RedisHealth>,
): Observable<SchedulerEvent> {
  const { wall } = clock;
  const redis$ = health$.pipe(
    map((health): SchedulerEvent =>
      health.up ? { kind: 'redis.up', at: wall() } : { kind: 'redis.down', at: wall(), reason: health.reason },
    ),
  );
  const gap$ = every({ intervalMs: CLOCK_MS }).pipe(
    map(() => clock.epoch()),
    distinctUntilChanged(),
    skip(1),
    map((): SchedulerEvent => ({ kind: 'clock.gap', at: wall(), gapMs: watch.lastGapMs })),
  );
  const heartbeat$ = every({ intervalMs: HEARTBEAT_MS }).pipe(
    map((): SchedulerEvent => ({ kind: 'heartbeat', at: wall() })),
  );
  const flush$ = every({ intervalMs: FLUSH_MS, atOnce: false }).pipe(exhaustMap(() => flushing(sinks, wall, explain)));
  const logLevel$ = config$.pipe(
    tap(({ log }) => {
      io.setLogLevel(log.level);
    }),
    ignoreElements(),
  );
  const secondSignal$ = io.signal$.pipe(skip(1), tap(io.exitNow), ignoreElements());
  return merge(io.companion$, redis$, gap$, heartbeat$, flush$, logLevel$, secondSignal$);
}
