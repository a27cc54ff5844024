import {
  concat,
  connect,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  map,
  merge,
  mergeMap,
  of,
  Subject,
  switchMap,
  take,
  takeUntil,
  tap,
  withLatestFrom,
  type Observable,
} from 'rxjs';
import type { Config } from '../config/config.js';
import type { Lane } from '../domain/peer/peer.js';
import type { SchedulerEvent } from '../events.js';
import { flushing } from '../sinks/sink.js';
import { every } from '../sources/every.js';
import { dampFlaps } from '../streams/ip/dampFlaps.js';
import { isSameIp, knownIp } from '../streams/ip/knownIp.js';
import { alongside } from '../streams/operators/alongside.js';
import { rounds } from '../streams/sync/rounds.js';
import { adopting } from './adopting.js';
import { announcements } from './announcements.js';
import { decisions } from './checking.js';
import type { Deps } from './deps.js';
import { housekeeping, redisReady } from './housekeeping.js';
import { releaseLease, whileLeading } from './leading.js';
import { LANES, laneSettings } from './lanes.js';
import { publicIp } from './publicIp.js';
import { releaseShares, whileSharing } from './sharing.js';
import { syncRound } from './syncRound.js';

/**
 * The scheduler on one page: intervals and the public IP (sources) become rounds of `POST /sync` and announcements
 * by `POST /ip` (streams), and each event ends in Redis and in the log (sinks).
 *
 * `stop$` ends the sources and lets work in flight drain; `killed$` ends the draining too.
 */
export function pipeline(deps: Deps): Observable<SchedulerEvent> {
  const { clock, sinks, sharing, stop$, killed$ } = deps;

  // Interval → rounds of requests. Each round writes its results back before it ends. A failure that may be our own
  // is decided beside the rounds, after witnesses were asked.
  const sync$ = merge(adopting(deps), ...LANES.map((lane) => roundsOf(deps, lane)), decisions(deps));

  // Public IP → changes → announcements. The newest IP wins, and requests with an older one are aborted.
  const polled = (confirmFirst: boolean): Observable<SchedulerEvent> =>
    publicIp(deps, confirmFirst).pipe(takeUntil(stop$));
  const announced = (confirmFirst: boolean): Observable<SchedulerEvent> =>
    polled(confirmFirst).pipe(
      connect((ipEvent$) => {
        // On stop, a change that is held back because of flapping is dropped.
        const change$ = ipEvent$.pipe(knownIp(), distinctUntilChanged(isSameIp), dampFlaps(clock), takeUntil(stop$));
        const announced$ = change$.pipe(
          switchMap((change) => (change.kind === 'announce' ? announcements(deps, change.own) : of(change))),
        );
        return merge(ipEvent$, announced$);
      }),
    );

  // Nothing starts before Redis was up once and this process holds the registry, or a part of it. Then both halves of
  // the mission run side by side. With replicas the leader announces, and the others only look up their own IP.
  const ours$ =
    sharing === undefined
      ? whileLeading(deps, merge(sync$, announced(false)))
      : whileSharing(deps, sharing, { sync$, ip: (leads) => (leads ? announced(true) : polled(false)) });
  const work$ = concat(redisReady(deps), ours$).pipe(takeUntil(killed$));

  // Events → sinks. Unwritten data is flushed once more at the end.
  const accepted$ = new Subject<void>();
  return concat(
    work$.pipe(alongside(housekeeping(deps, accepted$))),
    defer(() => flushing(sinks)),
    sharing === undefined ? EMPTY : releaseShares(sharing),
    releaseLease(deps),
  ).pipe(
    tap((event) => {
      for (const sink of sinks) sink.accept(event);
      accepted$.next();
    }),
  );
}

/** The rounds of one lane: one round per tick, with the settings of that time, and none while one is running. */
function roundsOf(deps: Deps, lane: Lane): Observable<SchedulerEvent> {
  const { config$, clock, random, book, shares, roundTrigger, stop$ } = deps;
  const interval$ = config$.pipe(
    map((config) => laneSettings(lane, config)),
    distinctUntilChanged((a, b) => a.tickMs === b.tickMs && a.jitter === b.jitter),
    switchMap(({ tickMs, jitter }, i) => {
      return every({ intervalMs: tickMs, jitter, atOnce: i === 0, coarse: lane !== 'regular', random });
    }),
    takeUntil(stop$),
  );
  // New peers are called as soon as they are found. A change of the settings may trigger a round before it reaches the
  // other subscribers, so the newest settings are read here.
  const trigger$ = roundTrigger.trigger$(lane).pipe(
    mergeMap(() => config$.pipe(take(1))),
    takeUntil(stop$),
  );
  // A tick of a lane without a due peer starts no round. These empty rounds were most of the work of an idle process.
  const hasWork = (config: Config): boolean =>
    lane === 'regular' || book.hasDue(lane, clock.wall(), laneSettings(lane, config).everyMs);
  return interval$.pipe(
    withLatestFrom(config$, (_, config) => config),
    filter(hasWork),
    rounds({
      lane,
      trigger$,
      now: clock.wall,
      round: (n, config, allStarted) => syncRound({ ...deps, allStarted }, lane, n, config),
    }),
    filter(({ kind }) => !(lane === 'pending' && kind === 'round.skipped')),
    map((event) =>
      event.kind === 'round.finished' && lane === 'regular'
        ? {
            ...{ ...event, peers: book.counts(), denied: book.deniedClasses() },
            ...(shares.divided ? { adopted: book.adoptedCount } : {}),
          }
        : event,
    ),
  );
}
