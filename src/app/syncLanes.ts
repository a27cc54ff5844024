import {
  catchError,
  defer,
  distinctUntilChanged,
  from,
  map,
  merge,
  of,
  switchMap,
  takeUntil,
  withLatestFrom,
  type Observable,
} from 'rxjs';
import type { Config } from '../config/config.js';
import type { OnlineEvidence } from '../state/onlineEvidence.js';
import type { Lane } from '../domain/peer/peer.js';
import type { PeerBook } from '../state/peerBook.js';
import type { SchedulerEvent } from '../events.js';
import type { WriteBack } from '../sinks/writeBack.js';
import { every } from '../sources/every.js';
import type { RegistrySource } from '../sources/registry.js';
import { checkPeer } from '../streams/sync/checkPeer.js';
import { runLane } from '../streams/sync/round.js';
import { rounds } from '../streams/sync/rounds.js';
import { recheck, sweep, type LaneItem } from '../streams/sync/sweep.js';
import type { Context } from './context.js';
import { syncRequest } from './requests.js';

export interface SyncParts {
  readonly registry: RegistrySource;
  readonly table: PeerBook;
  readonly evidence: OnlineEvidence;
  readonly verdicts: WriteBack;
}

/** What tells the lanes apart. */
interface Pace {
  readonly tickMs: number;
  readonly jitter: number;
  /** Age of a check after which it is repeated; only for the lanes that recheck. */
  readonly everyMs: number;
  readonly concurrency: number;
}

/** The lanes that recheck look this many times an interval for who is due, so that nobody waits much longer. */
const TICKS_PER_INTERVAL = 5;

function paceOf(lane: Lane, { sync }: Config): Pace {
  switch (lane) {
    case 'regular':
      return { tickMs: sync.intervalMs, jitter: sync.jitter, everyMs: 0, concurrency: sync.concurrency };
    case 'suspect': {
      // Freshness: whoever is not unavailable is checked at least once an interval.
      const everyMs = Math.min(sync.suspectIntervalMs, sync.intervalMs);
      return { tickMs: everyMs / TICKS_PER_INTERVAL, jitter: 0, everyMs, concurrency: sync.concurrency };
    }
    case 'unavailable': {
      const { intervalMs: everyMs, concurrency } = sync.unavailable;
      return { tickMs: everyMs / TICKS_PER_INTERVAL, jitter: 0, everyMs, concurrency };
    }
  }
}

/** The three lanes side by side: ticks → rounds → checks → verdicts written. */
export function syncLanes(context: Context, parts: SyncParts): Observable<SchedulerEvent> {
  const { config$, clock, stop$, stopping } = context;
  const lane$ = (lane: Lane): Observable<SchedulerEvent> => {
    const tick$ = config$.pipe(
      map((config) => paceOf(lane, config)),
      distinctUntilChanged((a, b) => a.tickMs === b.tickMs && a.jitter === b.jitter),
      switchMap(({ tickMs, jitter }, i) => every({ intervalMs: tickMs, jitter, atOnce: i === 0 })),
      takeUntil(stop$),
    );
    // What is under way when the ticks stop goes on to its end.
    return tick$.pipe(
      withLatestFrom(config$, (_, config) => config),
      rounds({ lane, now: clock.wall, stopping, round: (n, config) => laneRound(context, parts, lane, n, config) }),
    );
  };
  return merge(lane$('regular'), lane$('suspect'), lane$('unavailable'));
}

/** One round of one lane under the settings given. */
export function laneRound(
  context: Context,
  parts: SyncParts,
  lane: Lane,
  n: number,
  config: Config,
  everyMs = paceOf(lane, config).everyMs,
): Observable<SchedulerEvent> {
  const { clock, stop$, explain } = context;
  const { registry, table } = parts;
  const source = { registry, table, self: config.uuid, wall: clock.wall, explain };
  const items = (): AsyncIterable<LaneItem> => (lane === 'regular' ? sweep(source, n) : recheck(source, lane, everyMs));
  const check = checkPeer(
    { ...parts, clock },
    {
      request: syncRequest(context.client(config), config, clock.wall),
      timeoutMs: config.sync.timeoutMs,
      rules: config.availability,
      allow: config.network.allow,
      polled: config.publicIp.override === undefined && config.publicIp.sources.some(isRemote),
    },
    lane,
  );
  const { concurrency } = paceOf(lane, config);
  return gap(lane, config, parts).pipe(
    switchMap((gapMs) => runLane(items(), { check, write: parts.verdicts.write, concurrency, gapMs, stop$ })),
  );
}

function isRemote(source: Config['publicIp']['sources'][number]): boolean {
  return typeof source === 'string' || 'url' in source;
}

/** The gap between requests that spreads a round over its share of the interval. */
function gap(lane: Lane, { sync }: Config, { registry, table }: SyncParts): Observable<number> {
  if (lane !== 'regular' || sync.spread === 0) return of(0);
  return defer(() => from(registry.count())).pipe(
    catchError(() => of(table.size)),
    map((peers) => (sync.spread * sync.intervalMs) / Math.max(peers, 1)),
  );
}
