import {
  connect,
  distinctUntilChanged,
  EMPTY,
  exhaustMap,
  filter,
  from,
  map,
  merge,
  switchMap,
  takeUntil,
  tap,
  withLatestFrom,
  type Observable,
} from 'rxjs';
import type { Config } from '../config/config.js';
import type { SchedulerEvent } from '../events.js';
import { every } from '../sources/every.js';
import { adopt, recheck } from '../streams/sync/sweep.js';
import type { CheckDeps } from './checking.js';
import type { Deps } from './deps.js';
import { checks } from './syncRound.js';

type AdoptDeps = CheckDeps & Pick<Deps, 'registry' | 'roundTrigger' | 'explain' | 'config$' | 'stop$'>;

/** How often per interval peers gained with a share are searched for overdue ones. */
const TICKS_PER_INTERVAL = 5;
const OTHER_LANES = ['suspect', 'pending', 'unavailable'] as const;

/**
 * With divided shares: adds the peers of gained shares, checks overdue ones at once, and removes the peers of lost
 * shares.
 */
export function adopting(deps: AdoptDeps): Observable<SchedulerEvent> {
  const { shares, book, undecided, roundTrigger, config$, stop$ } = deps;
  if (!shares.divided) return EMPTY;
  /** The gained shares whose peers are not in the book yet. */
  const wanted = new Set<number>();

  const change$ = shares.change$.pipe(
    tap(({ gained, lost }) => {
      if (lost.size > 0) {
        const isGone = (uuid: string): boolean => lost.has(shares.of(uuid));
        for (const { entry } of undecided.clear(isGone)) book.unreserve(entry.uuid);
        book.forgetWhere(isGone);
      }
      for (const share of lost) wanted.delete(share);
      for (const share of gained) wanted.add(share);
    }),
  );
  const tick$ = config$.pipe(
    map(({ sync }) => sync.intervalMs / TICKS_PER_INTERVAL),
    distinctUntilChanged(),
    switchMap((intervalMs) => every({ intervalMs, atOnce: false })),
  );

  async function* adoptWanted({ uuid: self }: Config): AsyncGenerator<SchedulerEvent | 'adopted'> {
    while (wanted.size > 0) {
      const taken = new Set(wanted);
      wanted.clear();
      let failed = false;
      const isOurs = (uuid: string): boolean => taken.has(shares.of(uuid)) && shares.holds(uuid);
      for await (const items of adopt({ ...deps, self }, isOurs)) {
        for (const item of items) {
          if (!('event' in item)) continue;
          failed ||= item.event.kind === 'redis.failed';
          yield item.event;
        }
      }
      if (failed) {
        for (const share of taken) wanted.add(share);
        return;
      }
      for (const lane of OTHER_LANES) roundTrigger.trigger(lane);
      yield 'adopted';
    }
  }
  const checkOverdue = (config: Config): Observable<SchedulerEvent> =>
    checks(deps, 'regular', config, () =>
      recheck({ ...deps, self: config.uuid }, 'regular', config.sync.intervalMs, stop$),
    );

  const live$ = tick$.pipe(takeUntil(stop$));
  return live$.pipe(
    connect((overdueTick$) => {
      const adopted$ = merge(change$.pipe(takeUntil(stop$)), overdueTick$).pipe(
        filter(() => wanted.size > 0),
        withLatestFrom(config$, (_, config) => config),
        exhaustMap((config) => from(adoptWanted(config))),
      );
      return adopted$.pipe(
        connect((found$) =>
          merge(
            found$.pipe(filter((found) => found !== 'adopted')),
            merge(overdueTick$, found$.pipe(filter((found) => found === 'adopted'))).pipe(
              withLatestFrom(config$, (_, config) => config),
              exhaustMap(checkOverdue),
            ),
          ),
        ),
      );
    }),
  );
}
