import ms from 'ms';

/**
 * Two weeks. Node's timers fire at once above 2³¹−1 ms, and this leaves room for the jitter that is added to an
 * interval.
 */
export const LONGEST_MS = ms('336h');

/** A duration as it is written, in the largest unit that gives a whole number. */
export function durationText(durationMs: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    const size = ms(`1${unit}`);
    if (durationMs >= size && durationMs % size === 0) return `${String(durationMs / size)}${unit}`;
  }
  return `${String(durationMs)}ms`;
}
