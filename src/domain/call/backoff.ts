export interface BackoffOptions {
  /** Failures so far, at least 1. */
  readonly attempt: number;
  readonly initialMs: number;
  readonly maxMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * The wait before the next attempt: exponential backoff with full jitter, uniform between zero and a ceiling that
 * doubles from `initialMs` to `maxMs` (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export function backoffMs({ attempt, initialMs, maxMs, random }: BackoffOptions): number {
  // 2 ** 60 exceeds any ceiling. An infinite power would give NaN with an initial pause of 0.
  const ceilingMs = Math.min(maxMs, initialMs * 2 ** Math.min(Math.max(attempt, 1) - 1, 60));
  return Math.floor(random() * (ceilingMs + 1));
}
