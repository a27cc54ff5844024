export interface FlapLimit {
  /** So many changes are let through … */
  readonly max: number;
  /** … within any window of this length, in milliseconds. */
  readonly windowMs: number;
}

/** Whether one more change now would be one too many, given when the earlier ones were. */
export function isFlapping(changesAt: readonly number[], now: number, { max, windowMs }: FlapLimit): boolean {
  return changesAt.filter((at) => now - at < windowMs).length >= max;
}
