import {
  catchError,
  concat,
  defer,
  from,
  map,
  mergeAll,
  mergeMap,
  of,
  switchMap,
  takeUntil,
  type Observable,
} from 'rxjs';
import type { Config } from '../config/config.js';
import type { Lane } from '../domain/peer/peer.js';
import type { SchedulerEvent } from '../events.js';
import { draw } from '../streams/operators/draw.js';
import { pace } from '../streams/operators/pace.js';
import { pull } from '../streams/operators/pull.js';
import { checkPeer } from '../streams/sync/checkPeer.js';
import { recheck, sweep, type LaneItem } from '../streams/sync/sweep.js';
import type { Deps } from './deps.js';
import { laneSettings } from './lanes.js';
import { syncRequest } from './requests.js';

type RoundDeps = Pick<Deps, 'registry' | 'book' | 'evidence' | 'writeBack' | 'post' | 'clock' | 'explain' | 'stop$'>;

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
  const { registry, book, clock, explain, writeBack, stop$ } = deps;
  const source = { registry, book, self: config.uuid, wall: clock.wall, explain };
  const items = (): AsyncIterable<LaneItem> => (lane === 'regular' ? sweep(source, n) : recheck(source, lane, everyMs));
  const check = checkPeer(
    {
      ...deps,
      request: syncRequest(deps, config),
      timeoutMs: config.sync.timeoutMs,
      rules: config.availability,
      allow: config.network.allow,
      polled: config.publicIp.override === undefined && config.publicIp.sources.some(isRemote),
    },
    lane,
  );
  const written$ = defer(() => from(writeBack.settle())).pipe(mergeAll());
  const work = (item: LaneItem): Observable<SchedulerEvent> =>
    'event' in item ? of(item.event) : check(item.entry).pipe(mergeMap((event) => concat(written$, of(event)), 1));
  const { workers } = laneSettings(lane, config);
  return gap(deps, lane, config).pipe(
    switchMap((gapMs) => draw(items, (next$) => pull(next$.pipe(pace(gapMs), takeUntil(stop$)), work, workers))),
  );
}

function isRemote(source: Config['publicIp']['sources'][number]): boolean {
  return typeof source === 'string' || 'url' in source;
}

/** The gap between requests that spreads a round over its share of the interval. */
function gap({ registry, book }: RoundDeps, lane: Lane, { sync }: Config): Observable<number> {
  if (lane !== 'regular' || sync.spread === 0) return of(0);
  return defer(() => from(registry.count())).pipe(
    catchError(() => of(book.size)),
    map((peers) => (sync.spread * sync.intervalMs) / Math.max(peers, 1)),
  );
}
