import { concat, defer, from, mergeAll, type Observable } from 'rxjs';
import type { SchedulerEvent } from '../events.js';

/** Where events end: in Redis or in the log. */
export interface Sink {
  /** Takes note of an event. Never throws and never waits. */
  accept(event: SchedulerEvent): void;
  /** Whether a flush would find anything to do. Cheap: it is asked several times a second. */
  readonly waits: boolean;
  /**
   * Writes what waits. Never rejects: what Redis could not confirm waits on, and the events returned say so, or that
   * all of it is written now.
   */
  flush(): Promise<readonly SchedulerEvent[]>;
}

/** Writes what waits in each of the sinks, one after the other. */
export function flushing(sinks: readonly Sink[]): Observable<SchedulerEvent> {
  return concat(...sinks.map((sink) => defer(() => from(sink.flush())).pipe(mergeAll())));
}
