/** Longer than this without a sign of life, and our own clock has a gap. */
const GAP_MS = 5_000;

/**
 * Notices that the process stood still (suspended, or its event loop blocked). The epoch is asked for before and
 * after a call: two different ones mean that the call's own timing can't be trusted.
 */
export class ClockWatch {
  #epoch = 0;
  #lastGapMs = 0;
  #steadyMs: number;
  #wallMs: number;

  /** `steady` never goes back but may stand still while the host sleeps; `wall` is the other way round. */
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

  /** Grows with each gap. Must be asked at least every few seconds, or silence of the asker looks like a gap. */
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
