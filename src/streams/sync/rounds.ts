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
   * The work of round n, with the settings of its tick. It calls `allStarted` once the last check has started. A
   * round that ends without this call was cut short.
   */
  readonly round: (n: number, settings: T, allStarted: () => void) => Observable<SchedulerEvent>;
  readonly now: () => number;
  /** Starts an extra round: at once, or right after the running one. */
  readonly trigger$?: Observable<T>;
}

/**
 * Runs one round per tick, never two at once. A tick during a round is skipped and reported. A round of a lane that
 * only rechecks peers reports nothing if there was nothing to do.
 */
export function rounds<T>(options: RoundOptions<T>): OperatorFunction<T, SchedulerEvent> {
  const { lane, now, trigger$ = EMPTY } = options;
  const recheck = lane !== 'regular';
  return (tick$) =>
    defer(() => {
      let count = 0;
      let running = false;
      let next: { readonly settings: T } | undefined;
      let skipped = 0;
      const round = (settings: T): Observable<SchedulerEvent> =>
        defer(() => {
          running = true;
          skipped = 0;
          const startedAt = now();
          const n = (count += 1);
          const tally = { ok: 0, failed: 0, local: 0 };
          let aborted = true;
          const allStarted = (): void => {
            aborted = false;
          };
          const begin$ = recheck ? EMPTY : of<SchedulerEvent>({ kind: 'round.started', at: startedAt, lane, round: n });
          const work$ = options.round(n, settings, allStarted).pipe(
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
          running = next !== undefined;
          if (next === undefined) return EMPTY;
          ({ settings } = next);
          next = undefined;
          return of('at once');
        };
        return defer(() => round(settings)).pipe(repeat({ delay: another }));
      };
      const extra$ = trigger$.pipe(
        tap((settings) => {
          if (running) next = { settings };
        }),
        filter(() => !running),
      );
      return tick$.pipe(
        // The branch that skips comes first: it must read `running` before the other branch starts the round.
        connect((shared$) =>
          merge(
            shared$.pipe(
              filter(() => running),
              tap(() => (skipped += 1)),
              map((): SchedulerEvent => ({ kind: 'round.skipped', at: now(), lane })),
            ),
            merge(shared$, extra$).pipe(exhaustMap(roundsFrom)),
          ),
        ),
      );
    });
}
