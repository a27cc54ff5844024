/** What this node was like in one minute, as `<p>series` has it. */
export interface Sample {
  /** Unix milliseconds of its end. */
  readonly at: number;
  /** How long the last round of the regular lane took that ended in it; null where none did. */
  readonly round_ms: number | null;
  /** Percentiles of the latency in milliseconds; null where nobody answered. */
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
  /** Consumers in each state at its end. */
  readonly available: number;
  readonly suspect: number;
  readonly unavailable: number;
  readonly pending: number;
  /** Seconds since the least recent check of those that are not unavailable; null where there is none. */
  readonly freshness_s: number | null;
  /** Whether we were isolated at any time in it. */
  readonly isolated: boolean;
  /** Checks that were answered, and those that were not. */
  readonly answered: number;
  readonly failed: number;
}

/** The fields of a sample that are numbers, in the order in which they are stored. */
export const NUMBERS = [
  'at',
  'round_ms',
  'p50_ms',
  'p95_ms',
  'p99_ms',
  'available',
  'suspect',
  'unavailable',
  'pending',
  'freshness_s',
  'answered',
  'failed',
] as const satisfies (keyof Sample)[];
