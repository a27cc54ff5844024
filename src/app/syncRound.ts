import {
  catchError,
  concat,
  defer,
  EMPTY,
  from,
  ignoreElements,
  map,
  of,
  switchMap,
  takeUntil,
  type Observable,
} from 'rxjs';
import type { Config } from '../config/config.js';
import type { Lane } from '../domain/peer/peer.js';
import type { SchedulerEvent } from '../events.js';
import { alongside } from '../streams/operators/alongside.js';
import { draw } from '../streams/operators/draw.js';
import { pace } from '../streams/operators/pace.js';
import { pull } from '../streams/operators/pull.js';
import { checkPeer } from '../streams/sync/checkPeer.js';
import { READING, recheck, sweep, type LaneItem } from '../streams/sync/sweep.js';
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
  async function* items(): AsyncGenerator<LaneItem> {
    const found = lane === 'regular' ? sweep(source, n, config.sync.intervalMs) : recheck(source, lane, everyMs);
    for await (const item of found) {
      if ('event' in item && item.event.kind === 'redis.failed') read = 'failed';
      yield item;
    }
    if (read === 'not yet') read = 'whole';
    allStarted?.();
  }
  const missing$ = defer(() =>
    families.takeNewlyMissing().map((family): SchedulerEvent => {
      return { kind: 'family.missing', at: clock.wall(), family, peers: book.countInFamily(family) };
    }),
  );
  const gapMs$ = gap(deps, lane, config).pipe(takeUntil(stop$));
  const round$ = gapMs$.pipe(switchMap((gapMs) => checks(deps, lane, config, items, gapMs)));
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
  items: () => AsyncIterable<LaneItem>,
  gapMs = 0,
): Observable<SchedulerEvent> {
  const { book, stop$ } = deps;
  const check = checkPeer(checkOptions(deps, config), lane);
  const work = (item: LaneItem): Observable<SchedulerEvent> =>
    ('event' in item ? of(item.event) : check(item.entry)).pipe(writeResults(deps));
  return defer(() => {
    const { workers } = laneSettings(lane, config, !book.hasJudged());
    return draw(items, (next$) =>
      pull(next$.pipe(pace(gapMs), takeUntil(stop$)), work, workers).pipe(
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
    map((peers) => (sync.spread * sync.intervalMs) / Math.max(peers, 1)),
  );
}
