import {
  catchError,
  concat,
  defer,
  EMPTY,
  from,
  fromEvent,
  ignoreElements,
  map,
  merge,
  of,
  switchMap,
  takeUntil,
  tap,
  type Observable,
} from 'rxjs';
import type { Config } from '../config/config.js';
import type { Lane } from '../domain/peer/peer.js';
import type { SchedulerEvent } from '../events.js';
import { alongside } from '../streams/operators/alongside.js';
import { drawBatches } from '../streams/operators/draw.js';
import { pace } from '../streams/operators/pace.js';
import { pull } from '../streams/operators/pull.js';
import { checkPeer } from '../streams/sync/checkPeer.js';
import { READING, recheck, sweep, type LaneItem, type LaneItems } from '../streams/sync/sweep.js';
import { checkOptions, writeResults, type CheckDeps } from './checking.js';
import type { Deps } from './deps.js';
import { laneSettings } from './lanes.js';

type RoundDeps = CheckDeps &
  Pick<Deps, 'registry' | 'roundTrigger' | 'explain' | 'stop$'> & {
    /** Called once the last check of the round has started, unless `stop$` fires first. */
    readonly allStarted?: () => void;
  };

/**
 * One round of one lane with these settings: registry → n workers pull → `POST /sync` → book → written. The writes
 * are part of the round, so a slow Redis makes rounds skip, and no queue grows.
 */
export function syncRound(
  deps: RoundDeps,
  lane: Lane,
  n: number,
  config: Config,
  everyMs = laneSettings(lane, config).everyMs,
): Observable<SchedulerEvent> {
  const { book, families, clock, stop$, allStarted } = deps;
  const source = { ...deps, self: config.uuid };
  let read: 'not yet' | 'failed' | 'whole' = 'not yet';
  async function* items(signal: AbortSignal): LaneItems {
    const ended$ = merge(stop$, fromEvent(signal, 'abort'));
    yield* lane === 'regular' ? sweep(source, n, config.sync.intervalMs) : recheck(source, lane, everyMs, ended$);
    if (read === 'not yet') read = 'whole';
    allStarted?.();
  }
  const noteFailure = tap(({ kind }: SchedulerEvent) => {
    if (kind === 'redis.failed') read = 'failed';
  });
  const missing$ = defer(() =>
    families.takeNewlyMissing().map((family): SchedulerEvent => {
      return { kind: 'family.missing', at: clock.wall(), family, peers: book.countInFamily(family) };
    }),
  );
  const gapMs$ = gap(deps, lane, config).pipe(takeUntil(stop$));
  const round$ = gapMs$.pipe(switchMap((gapMs) => checks(deps, lane, config, items, gapMs).pipe(noteFailure)));
  const worked$ = defer(() =>
    read === 'whole' && lane === 'regular'
      ? of<SchedulerEvent>({ kind: 'redis.worked', at: clock.wall(), what: READING })
      : EMPTY,
  );
  return concat(round$, missing$, worked$);
}

/** The workers of a lane pull its items and check each peer. Each result is written before its event is passed on. */
export function checks(
  deps: CheckDeps & Pick<Deps, 'stop$'>,
  lane: Lane,
  config: Config,
  items: (signal: AbortSignal) => LaneItems,
  gapMs = 0,
): Observable<SchedulerEvent> {
  const { book, stop$ } = deps;
  const check = checkPeer(checkOptions(deps, config), lane);
  const work = (item: LaneItem): Observable<SchedulerEvent> =>
    ('event' in item ? of(item.event) : check(item.entry)).pipe(writeResults(deps));
  return defer(() => {
    const { workers } = laneSettings(lane, config, !book.hasJudged());
    return drawBatches(items, (next$) =>
      pull(next$.pipe(pace(gapMs)), work, workers, stop$).pipe(
        // After a stop, one more read shows whether the round was complete. No work waits for it.
        alongside(stop$.pipe(switchMap(() => next$.pipe(ignoreElements())))),
      ),
    );
  });
}

/** The gap between requests that spreads a round over the configured fraction of the interval. */
function gap({ registry, book, shares }: RoundDeps, lane: Lane, { sync }: Config): Observable<number> {
  if (lane !== 'regular' || sync.spread === 0) return of(0);
  return defer(() => from(registry.count())).pipe(
    map((peers) => peers * shares.portion),
    catchError(() => of(book.size)),
    map((peers) => peers - (book.size - book.counts().available)),
    map((inThisLane) => (sync.spread * sync.intervalMs) / Math.max(inThisLane, 1)),
  );
}
