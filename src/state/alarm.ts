/**
 * A sleep that can be cut short. It has one sleeper. A `wake` that comes while no sleep is running ends the next
 * sleep at once.
 */
export class Alarm {
  #wake: (() => void) | undefined;
  #rung = false;

  /** Resolves after the time (never, if it is undefined), on `wake`, or when the signal aborts. Never rejects. */
  sleep(ms: number | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#rung) {
      this.#rung = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = ms === undefined ? undefined : setTimeout(wake, ms);
      signal.addEventListener('abort', wake);
      this.#wake = wake;
    });
  }

  /**
   * Ends the running sleep, or else the next one: the loop may have read its state before the change that this
   * reports.
   */
  ring(): void {
    if (this.#wake === undefined) this.#rung = true;
    else this.#wake();
  }
}
