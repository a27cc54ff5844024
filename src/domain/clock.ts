/** The three readings of time that decisions rest on; all are milliseconds but the epoch. */
export interface Clock {
  /** Unix time: what is stored and shown. It may jump. */
  readonly wall: () => number;
  /** Never goes back: what durations are measured with. */
  readonly steady: () => number;
  /** `ClockWatch.epoch`: grows when we stood still. */
  readonly epoch: () => number;
}
