/** It is read again at most so often, and takes at most this share of the time. */
const FRESH_MS = 2_000;
const SHARE = 10;
/** How long a request waits for a reading, at most; then it gets the last one. */
const WAIT_MS = 500;

/** What is read when somebody asks, and kept for a while, so that any number of readers costs Redis the same. */
export class KeptReading<T> {
  #last: T | undefined;
  #reading: Promise<void> | undefined;
  #nextAt = 0;

  constructor(
    private readonly read: () => Promise<T>,
    private readonly steady: () => number,
    /** How long a request waits where there is no last one. */
    private readonly firstWaitMs = WAIT_MS,
  ) {}

  /** The newest there is, undefined where none was ever made. Never rejects, and never waits for long. */
  async look(): Promise<T | undefined> {
    if (this.#reading === undefined && this.steady() >= this.#nextAt) {
      const startedAt = this.steady();
      this.#reading = this.read()
        .catch(() => undefined)
        .then((found) => {
          this.#last = found ?? this.#last;
          const tookMs = this.steady() - startedAt;
          this.#nextAt = this.steady() + Math.max(FRESH_MS, SHARE * tookMs);
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
