/** A longer time between two calls of `epoch` is a gap in our own clock. */
const GAP_MS = 5_000;

/**
 * Detects that the process stood still: it was suspended, or its event loop was blocked. A call reads the epoch
 * before and after; if the two differ, the timing of the call is not reliable.
 */
export class ClockWatch {
  #epoch = 0;
  #lastGapMs = 0;
  #steadyMs: number;
  #wallMs: number;

  /**
   * `steady` never goes back but may stop while the host is suspended. `wall` runs on during a suspension but may be
   * corrected.
   */
  constructor(
    private readonly steady: () => number,
    private readonly wall: () => number,
  ) {
    this.#steadyMs = steady();
    this.#wallMs = wall();
  }

  /** Length of the newest gap, in milliseconds. */
  get lastGapMs(): number {
    return this.#lastGapMs;
  }

  /** Grows with each gap. The caller must call this every few seconds, or its own pause counts as a gap. */
  epoch(): number {
    const steadyMs = this.steady();
    const wallMs = this.wall();
    const elapsedMs = Math.max(steadyMs - this.#steadyMs, wallMs - this.#wallMs);
    this.#steadyMs = steadyMs;
    this.#wallMs = wallMs;
    if (elapsedMs > GAP_MS) {
      this.#epoch += 1;
      this.#lastGapMs = elapsedMs;
    }
    return this.#epoch;
  }
}
