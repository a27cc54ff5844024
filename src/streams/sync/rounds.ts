import {
  concat,
  EMPTY,
  connect,
  defer,
  exhaustMap,
  filter,
  map,
  merge,
  of,
  repeat,
  tap,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import type { Lane } from '../../domain/peer/peer.js';
import type { SchedulerEvent } from '../../events.js';

export interface RoundOptions<T> {
  readonly lane: Lane;
  /**
   * The work of round n, under the settings that its tick brought. It calls `ranDry` once all that there is to do has
   * begun; a round that ends without was cut short.
   */
  readonly round: (n: number, settings: T, ranDry: () => void) => Observable<SchedulerEvent>;
  readonly now: () => number;
  /** Asks for a round at once; where one is under way, for another one right after it. */
  readonly rung$?: Observable<T>;
}

/**
 * One round a tick, never two at once: a tick during a round is skipped, and said to be. The rounds of the lanes
 * that only recheck are silent where there was nothing to do.
 */
export function rounds<T>(options: RoundOptions<T>): OperatorFunction<T, SchedulerEvent> {
  const { lane, now, rung$ = EMPTY } = options;
  const recheck = lane !== 'regular';
  return (tick$) =>
    defer(() => {
      let count = 0;
      let running = false;
      let asked: { readonly settings: T } | undefined;
      let skipped = 0;
      const round = (settings: T): Observable<SchedulerEvent> =>
        defer(() => {
          running = true;
          skipped = 0;
          const startedAt = now();
          const n = (count += 1);
          const tally = { ok: 0, failed: 0, local: 0 };
          let aborted = true;
          const ranDry = (): void => {
            aborted = false;
          };
          const begin$ = recheck ? EMPTY : of<SchedulerEvent>({ kind: 'round.started', at: startedAt, lane, round: n });
          const work$ = options.round(n, settings, ranDry).pipe(
            tap((event) => {
              if (event.kind === 'peer.undecided') tally.failed += 1;
              if (event.kind === 'peer.discarded' && event.why === 'local') tally.local += 1;
              if (event.kind === 'peer.checked') tally[event.check.outcome.ok ? 'ok' : 'failed'] += 1;
            }),
          );
          const end$ = defer(() => {
            const at = now();
            if (recheck && tally.ok + tally.failed === 0) return EMPTY;
            const tookMs = at - startedAt;
            return of<SchedulerEvent>({
              kind: 'round.finished',
              at,
              lane,
              round: n,
              tookMs,
              ...tally,
              skipped,
              aborted,
            });
          });
          return concat(begin$, work$, end$);
        });
      const roundsFrom = (first: T): Observable<SchedulerEvent> => {
        let settings = first;
        const another = (): Observable<unknown> => {
          running = asked !== undefined;
          if (asked === undefined) return EMPTY;
          ({ settings } = asked);
          asked = undefined;
          return of('at once');
        };
        return defer(() => round(settings)).pipe(repeat({ delay: another }));
      };
      const ask$ = rung$.pipe(
        tap((settings) => {
          if (running) asked = { settings };
        }),
        filter(() => !running),
      );
      return tick$.pipe(
        // The branch that skips comes first: it must look before the other one starts the round.
        connect((shared$) =>
          merge(
            shared$.pipe(
              filter(() => running),
              tap(() => (skipped += 1)),
              map((): SchedulerEvent => ({ kind: 'round.skipped', at: now(), lane })),
            ),
            merge(shared$, ask$).pipe(exhaustMap(roundsFrom)),
          ),
        ),
      );
    });
}
