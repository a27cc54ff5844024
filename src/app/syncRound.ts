import {
  catchError,
  concat,
  defer,
  from,
  ignoreElements,
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
import { alongside } from '../streams/operators/alongside.js';
import { draw } from '../streams/operators/draw.js';
import { pace } from '../streams/operators/pace.js';
import { pull } from '../streams/operators/pull.js';
import { checkPeer } from '../streams/sync/checkPeer.js';
import { recheck, sweep, type LaneItem } from '../streams/sync/sweep.js';
import type { Deps } from './deps.js';
import { laneSettings } from './lanes.js';
import { syncRequest } from './requests.js';

type RoundDeps = Pick<Deps, 'registry' | 'book' | 'evidence' | 'writeBack' | 'post' | 'clock' | 'explain' | 'stop$'> & {
  /** Called once all that there is to do has begun, unless `stop$` comes before that. */
  readonly ranDry?: () => void;
};

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
  const { registry, book, clock, explain, writeBack, stop$, ranDry } = deps;
  const source = { registry, book, self: config.uuid, wall: clock.wall, explain };
  // What is still to begin: each item that waits for its turn, and what follows the last one, until that is known.
  let ahead = 1;
  const passed = (): void => {
    ahead -= 1;
    if (ahead === 0) ranDry?.();
  };
  async function* items(): AsyncGenerator<LaneItem> {
    for await (const item of lane === 'regular' ? sweep(source, n) : recheck(source, lane, everyMs)) {
      ahead += 1;
      yield item;
    }
    passed();
  }
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
  const work = (item: LaneItem): Observable<SchedulerEvent> => {
    passed();
    return 'event' in item
      ? of(item.event)
      : check(item.entry).pipe(mergeMap((event) => concat(written$, of(event)), 1));
  };
  const { workers } = laneSettings(lane, config);
  const gapMs$ = gap(deps, lane, config).pipe(takeUntil(stop$));
  return gapMs$.pipe(
    switchMap((gapMs) =>
      draw(items, (next$) =>
        pull(next$.pipe(pace(gapMs), takeUntil(stop$)), work, workers).pipe(
          // While the last ones end, one look ahead tells whether that was all; nobody waits for it.
          alongside(stop$.pipe(switchMap(() => next$.pipe(ignoreElements())))),
        ),
      ),
    ),
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
