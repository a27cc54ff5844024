import type { SchedulerLike } from 'rxjs';
import type { Clock } from '#src/domain/clock.js';

/** The clock of a marble spec: virtual time, and an epoch that the spec may change. */
export function virtualClock(scheduler: SchedulerLike, epoch: () => number = () => 0): Clock {
  const now = (): number => scheduler.now();
  return { wall: now, steady: now, epoch };
}
