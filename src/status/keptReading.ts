/** Minimum time between two reads. A read also takes at most one part in `SHARE` of the time. */
const MIN_INTERVAL_MS = 2_000;
const SHARE = 10;
/** The longest time that a request waits for a read. After that it gets the last result. */
const WAIT_MS = 500;

/** A result that is read on demand and kept for a while, so that any number of readers costs Redis the same. */
export class KeptReading<T> {
  #last: T | undefined;
  #reading: Promise<void> | undefined;
  #nextAt = 0;

  constructor(
    private readonly readNew: () => Promise<T>,
    private readonly steady: () => number,
    /** The longest time that a request waits if there is no last result. */
    private readonly firstWaitMs = WAIT_MS,
  ) {}

  /** The newest result, or undefined if there was none yet. Never rejects, and never waits longer than that. */
  async read(): Promise<T | undefined> {
    if (this.#reading === undefined && this.steady() >= this.#nextAt) {
      const startedAt = this.steady();
      this.#reading = this.readNew()
        .catch(() => undefined)
        .then((found) => {
          this.#last = found ?? this.#last;
          const tookMs = this.steady() - startedAt;
          this.#nextAt = this.steady() + Math.max(MIN_INTERVAL_MS, SHARE * tookMs);
          this.#reading = undefined;
        });
    }
    if (this.#reading !== undefined) await within(this.#reading, this.#last === undefined ? this.firstWaitMs : WAIT_MS);
    return this.#last;
  }
}

async function within(reading: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const pause = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([reading, pause]);
  clearTimeout(timer);
}
