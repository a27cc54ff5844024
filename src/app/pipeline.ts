import {
  concat,
  connect,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  map,
  merge,
  of,
  switchMap,
  takeUntil,
  tap,
  withLatestFrom,
  type Observable,
} from 'rxjs';
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
import { housekeeping, redisCame } from './housekeeping.js';
import { releasing, whileLeading } from './leading.js';
import { LANES, laneSettings } from './lanes.js';
import { publicIp } from './publicIp.js';
import { releasingShares, whileSharing } from './sharing.js';
import { syncRound } from './syncRound.js';

/**
 * The scheduler on one page: intervals and the public IP (sources) become rounds of `POST /sync` and announcements by
 * `POST /ip` (streams), and each event ends in Redis and in the log (sinks).
 *
 * `stop$` ends the sources, and what is in flight drains; `killed$` ends the draining as well.
 */
export function pipeline(deps: Deps): Observable<SchedulerEvent> {
  const { clock, sinks, sharing, stop$, killed$ } = deps;

  // Interval → rounds of requests; each round writes its results back before it ends.
  // A failure that may be our own is decided beside them, once witnesses have been asked.
  const sync$ = merge(adopting(deps), ...LANES.map((lane) => roundsOf(deps, lane)), decisions(deps));

  // Public IP → changes → announcements: the newest IP wins, and what still carries an older one is aborted.
  const polled = (wary: boolean): Observable<SchedulerEvent> => publicIp(deps, wary).pipe(takeUntil(stop$));
  const announced = (wary: boolean): Observable<SchedulerEvent> =>
    polled(wary).pipe(
      connect((ipEvent$) => {
        // A change that is held for its flapping is not waited for on stop.
        const change$ = ipEvent$.pipe(knownIp(), distinctUntilChanged(isSameIp), dampFlaps(clock), takeUntil(stop$));
        const announced$ = change$.pipe(
          switchMap((change) => (change.kind === 'announce' ? announcements(deps, change.own) : of(change))),
        );
        return merge(ipEvent$, announced$);
      }),
    );

  // Nothing is asked before Redis has come once and the registry, or a part of it, is ours; then both halves of the mission
  // run side by side. Where several share it the leader announces, and the others find our IP for themselves alone.
  const ours$ =
    sharing === undefined
      ? whileLeading(deps, merge(sync$, announced(false)))
      : whileSharing(deps, sharing, { sync$, ip: (leads) => (leads ? announced(true) : polled(false)) });
  const work$ = concat(redisCame(deps), ours$).pipe(takeUntil(killed$));

  // Events → sinks. What still waits at the end is written once more.
  return concat(
    work$.pipe(alongside(housekeeping(deps))),
    defer(() => flushing(sinks)),
    sharing === undefined ? EMPTY : releasingShares(sharing),
    releasing(deps),
  ).pipe(
    tap((event) => {
      for (const sink of sinks) sink.accept(event);
    }),
  );
}

/** The rounds of one lane: a round each tick, under the settings of that moment, and none while one is under way. */
function roundsOf(deps: Deps, lane: Lane): Observable<SchedulerEvent> {
  const { config$, clock, random, book, shares, bell, stop$ } = deps;
  const interval$ = config$.pipe(
    map((config) => laneSettings(lane, config)),
    distinctUntilChanged((a, b) => a.tickMs === b.tickMs && a.jitter === b.jitter),
    switchMap(({ tickMs, jitter }, i) => every({ intervalMs: tickMs, jitter, atOnce: i === 0, random })),
    takeUntil(stop$),
  );
  // New peers are called as soon as they are found.
  const rung$ = bell.rung$(lane).pipe(
    withLatestFrom(config$, (_, config) => config),
    takeUntil(stop$),
  );
  return interval$.pipe(
    withLatestFrom(config$, (_, config) => config),
    rounds({
      lane,
      rung$,
      now: clock.wall,
      round: (n, config, ranDry) => syncRound({ ...deps, ranDry }, lane, n, config),
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
