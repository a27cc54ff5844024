import { asyncScheduler, type SchedulerLike } from 'rxjs';

/**
 * Timer coalescing: timers that end on multiples of the same time end together, so an idle process wakes up every second
 * or two. A wake-up costs more than most of the work that it is for.
 */
export const GRID_MS = 500;
/** The grids of ticks that may come up to a second early or late. */
export const COARSE_GRIDS_MS = [2_000, 1_000, GRID_MS];
/** A timer of Node may end up to two milliseconds early. It must not be armed again for the same moment. */
const EARLY_MS = 5;

/**
 * The delay in milliseconds, moved to the nearest multiple of the first grid that divides the interval. An interval that is
 * no multiple of any keeps its delays: they would be too long or too short in the mean.
 */
export function coalesced(
  delayMs: number,
  intervalMs: number,
  scheduler: SchedulerLike,
  gridsMs: readonly number[] = [GRID_MS],
): number {
  const gridMs = gridsMs.find((grid) => intervalMs % grid === 0);
  if (gridMs === undefined) return delayMs;
  const now = steady(scheduler);
  const moved = Math.round((now + delayMs) / gridMs) * gridMs - now;
  return moved > 0 ? moved : delayMs;
}

/** The time in milliseconds to the next multiple of a period. */
export function untilNext(periodMs: number, scheduler: SchedulerLike): number {
  const now = steady(scheduler);
  return (Math.floor((now + EARLY_MS) / periodMs) + 1) * periodMs - now;
}

/** Since the start of the process, so that the multiples of two processes are not the same moments. */
function steady(scheduler: SchedulerLike): number {
  return scheduler === asyncScheduler ? performance.now() : scheduler.now();
}
