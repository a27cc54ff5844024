/** The state of this node in one minute, as stored in `<p>series`. */
export interface Sample {
  /** End of the minute in Unix milliseconds. */
  readonly at: number;
  /** Duration of the last round of the regular lane that ended in this minute; null if none did. */
  readonly round_ms: number | null;
  /** Percentiles of the latency in milliseconds; null without an answer. */
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
  /** The number of consumers in each state at the end of the minute. */
  readonly available: number;
  readonly suspect: number;
  readonly unavailable: number;
  readonly pending: number;
  /** Seconds since the least recent check among peers that are not unavailable; null if there is none. */
  readonly freshness_s: number | null;
  /** Whether this node was isolated at any time in the minute. */
  readonly isolated: boolean;
  /** Checks with and without an answer. */
  readonly answered: number;
  readonly failed: number;
}

/** The numeric fields of a sample, in the order in which they are stored. */
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
