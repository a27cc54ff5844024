import { concat, defer, from, mergeAll, type Observable } from 'rxjs';
import type { SchedulerEvent } from '../events.js';

/** The destination of events: Redis or the log. */
export interface Sink {
  /** Records an event. Never throws and never waits. */
  accept(event: SchedulerEvent): void;
  /** Whether a flush has anything to write. It must be cheap, because it is read after each event. */
  readonly hasUnwritten: boolean;
  /**
   * Writes what is unwritten. Never rejects: data that Redis could not confirm stays unwritten. The returned events
   * report the failure, or the recovery once all of it is written.
   */
  flush(): Promise<readonly SchedulerEvent[]>;
}

/** Flushes the sinks one after the other. */
export function flushing(sinks: readonly Sink[]): Observable<SchedulerEvent> {
  return concat(...sinks.map((sink) => defer(() => from(sink.flush())).pipe(mergeAll())));
}
