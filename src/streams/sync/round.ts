import { of, takeUntil, type Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import type { RegistryEntry } from '../../domain/peer/peer.js';
import type { SchedulerEvent } from '../../events.js';
import { pace } from '../operators/pace.js';
import { drawing, pull } from '../operators/pull.js';
import type { LaneItem } from './sweep.js';

export interface LaneOptions {
  readonly check: (entry: RegistryEntry) => Observable<SchedulerEvent>;
  /** The sink. It stands inside the round, so that a slow Redis makes rounds skip and no queue grow. */
  readonly write: OperatorFunction<SchedulerEvent, SchedulerEvent>;
  readonly concurrency: number;
  /** Least time between the starts of two requests; 0 for as fast as they are drained. */
  readonly gapMs: number;
  /** Ends the pulling; what is in flight goes on. Replayed to late subscribers. */
  readonly stop$: Observable<unknown>;
  readonly scheduler?: SchedulerLike;
}

/** One round of one lane: its peers pulled, checked and written by so many workers, each with one peer at a time. */
export function runLane(items: AsyncIterable<LaneItem>, options: LaneOptions): Observable<SchedulerEvent> {
  const { check, write, concurrency, gapMs, stop$, scheduler } = options;
  const work = (item: LaneItem): Observable<SchedulerEvent> =>
    'event' in item ? of(item.event) : check(item.entry).pipe(write);
  return drawing(items, (next$) => pull(next$.pipe(pace(gapMs, scheduler), takeUntil(stop$)), work, concurrency));
}
