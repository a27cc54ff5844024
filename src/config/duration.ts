import ms, { type StringValue } from 'ms';
import { z } from 'zod';

/** Two weeks. A timer of Node above 2³¹−1 ms fires at once, and this leaves room for the jitter of an interval. */
export const MAX_DURATION_MS = ms('336h');

const WRITTEN = /^\d{1,15}(\.\d{1,9})?(ms|s|m|h)$/;

/** A validated duration. The enclosing group then gives it a name with its unit. */
export class Duration<T extends number | 'never'> {
  readonly #ms: T;

  constructor(ms: T) {
    this.#ms = ms;
  }

  get ms(): T {
    return this.#ms;
  }
}

/** `250ms`, `30s`, `5m`, `1h` or a number of milliseconds. The result is in whole milliseconds. */
export function duration(leastMs: number, mostMs = MAX_DURATION_MS) {
  const range = `from ${durationText(leastMs)} to ${durationText(mostMs)}`;
  const error = `expected a duration ${range}, such as 250ms, 30s, 5m or 1h`;
  return z
    .union([z.string().regex(WRITTEN, { error }), z.number().min(leastMs, { error }).max(mostMs, { error })], {
      error,
    })
    .transform((value) => Math.round(typeof value === 'number' ? value : ms(value as StringValue)))
    .refine((value) => value >= leastMs && value <= mostMs, { error })
    .transform((value) => new Duration(value));
}

/** A duration, or `never`. */
export function durationOrNever(leastMs: number) {
  const error = `expected never or a duration from ${durationText(leastMs)} to ${durationText(MAX_DURATION_MS)}`;
  const never = z.literal('never').transform((value) => new Duration(value));
  return z.union([never, duration(leastMs)], { error });
}

/** A duration as text, in the largest unit that gives a whole number. */
export function durationText(durationMs: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    const size = ms(`1${unit}`);
    if (durationMs >= size && durationMs % size === 0) return `${String(durationMs / size)}${unit}`;
  }
  return `${String(durationMs)}ms`;
}
