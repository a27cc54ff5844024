/** The three clocks that decisions use. All are in milliseconds except the epoch. */
export interface Clock {
  /** Unix time, for stored and shown times. It may jump. */
  readonly wall: () => number;
  /** Never goes back. Durations are measured with it. */
  readonly steady: () => number;
  /** `ClockWatch.epoch`: grows when the process stood still. */
  readonly epoch: () => number;
}
