export interface FlapLimit {
  /** This number of changes passes … */
  readonly max: number;
  /** … within any window of this length, in milliseconds. */
  readonly windowMs: number;
}

/** Whether one more change now would exceed the limit, given the times of the earlier ones. */
export function isFlapping(changesAt: readonly number[], now: number, { max, windowMs }: FlapLimit): boolean {
  return changesAt.filter((at) => now - at < windowMs).length >= max;
}
