/** A sleep that can be cut short; for one sleeper. A ring while it is still awake ends its next sleep. */
export class Alarm {
  #wake: (() => void) | undefined;
  #rung = false;

  /** Resolves after the time (never, where there is none), once `ring` is called, or the signal aborts; never rejects. */
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

  /** Wakes the sleeper: at once, or as soon as it would sleep, since it may not have seen what this is about. */
  ring(): void {
    if (this.#wake === undefined) this.#rung = true;
    else this.#wake();
  }
}
