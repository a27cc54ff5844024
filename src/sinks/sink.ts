import { catchError, concat, defer, from, ignoreElements, of, type Observable } from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import type { Journal } from './journal.js';
import type { SchedulerState } from './schedulerState.js';
import type { WriteBack } from './writeBack.js';

export interface Sinks {
  readonly verdicts: WriteBack;
  readonly state: SchedulerState;
  readonly journal: Journal;
}

/** Brings to Redis whatever waits in memory. A failure is an event; what it concerned waits on. */
export function flushing(
  { verdicts, state, journal }: Sinks,
  wall: () => number,
  explain: (error: unknown) => string,
): Observable<SchedulerEvent> {
  const attempt = (what: string, write: () => Promise<void>): Observable<SchedulerEvent> =>
    defer(() => from(write())).pipe(
      ignoreElements(),
      catchError((error: unknown) =>
        of<SchedulerEvent>({ kind: 'redis.failed', at: wall(), what, reason: explain(error) }),
      ),
    );
  return concat(
    verdicts.flush(),
    attempt("writing the scheduler's state", () => state.flush()),
    attempt('writing the events', () => journal.flush()),
  );
}
