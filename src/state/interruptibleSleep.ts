/**
 * A sleep that can be cut short. It has one sleeper. A `wake` that comes while no sleep is running ends the next
 * sleep at once.
 */
export class InterruptibleSleep {
  #endSleep: (() => void) | undefined;
  #wakePending = false;

  /** Resolves after the time (never, if it is undefined), on `wake`, or when the signal aborts. Never rejects. */
  sleep(ms: number | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#wakePending) {
      this.#wakePending = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#endSleep = undefined;
        resolve();
      };
      const timer = ms === undefined ? undefined : setTimeout(end, ms);
      signal.addEventListener('abort', end);
      this.#endSleep = end;
    });
  }

  /**
   * Ends the running sleep, or else the next one: the loop may have read its state before the change that this
   * reports.
   */
  wake(): void {
    if (this.#endSleep === undefined) this.#wakePending = true;
    else this.#endSleep();
  }
}
