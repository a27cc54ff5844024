import { catchError, concat, defer, from, map, of, switchMap, takeUntil, type Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import type { Lane } from '../domain/peer/peer.js';
import type { SchedulerEvent } from '../events.js';
import { draw } from '../streams/operators/draw.js';
import { pace } from '../streams/operators/pace.js';
import { pull } from '../streams/operators/pull.js';
import { checkPeer } from '../streams/sync/checkPeer.js';
import { recheck, sweep, type LaneItem } from '../streams/sync/sweep.js';
import { checkOptions, written, type CheckDeps } from './checking.js';
import type { Deps } from './deps.js';
import { laneSettings } from './lanes.js';

type RoundDeps = CheckDeps & Pick<Deps, 'registry' | 'bell' | 'explain' | 'stop$'>;

/**
 * One round of one lane under the settings given: registry → n workers pull → `POST /sync` → book → written. The writes
 * stand inside the round, so that a slow Redis makes rounds skip and no queue grow.
 */
export function syncRound(
  deps: RoundDeps,
  lane: Lane,
  n: number,
  config: Config,
  everyMs = laneSettings(lane, config).everyMs,
): Observable<SchedulerEvent> {
  const { book, families, clock, stop$ } = deps;
  const source = { ...deps, self: config.uuid };
  const items = (): AsyncIterable<LaneItem> => (lane === 'regular' ? sweep(source, n) : recheck(source, lane, everyMs));
  const check = checkPeer(checkOptions(deps, config), lane);
  const work = (item: LaneItem): Observable<SchedulerEvent> =>
    ('event' in item ? of(item.event) : check(item.entry)).pipe(written(deps));
  const missing$ = defer(() =>
    families.takeNews().map((family): SchedulerEvent => {
      return { kind: 'family.missing', at: clock.wall(), family, peers: book.countInFamily(family) };
    }),
  );
  return concat(
    gap(deps, lane, config).pipe(
      switchMap((gapMs) => {
        const { workers } = laneSettings(lane, config, !book.hasJudged());
        return draw(items, (next$) => pull(next$.pipe(pace(gapMs), takeUntil(stop$)), work, workers));
      }),
    ),
    missing$,
  );
}

/** The gap between requests that spreads a round over its share of the interval. */
function gap({ registry, book }: RoundDeps, lane: Lane, { sync }: Config): Observable<number> {
  if (lane !== 'regular' || sync.spread === 0) return of(0);
  return defer(() => from(registry.count())).pipe(
    catchError(() => of(book.size)),
    map((peers) => (sync.spread * sync.intervalMs) / Math.max(peers, 1)),
  );
}
