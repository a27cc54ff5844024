/** A sleep that can be cut short; for one sleeper. */
export class Alarm {
  #wake: (() => void) | undefined;
  /** It rang while nobody slept: what the next sleeper goes by may be older than that. */
  #rung = false;

  /** Resolves after the time (never, where there is none), once `ring` is called, or the signal aborts; never rejects. */
  sleep(ms: number | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    if (this.#rung) {
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

  /** Wakes the sleeper, or else keeps the next one awake. */
  ring(): void {
    if (this.#wake === undefined) this.#rung = true;
    else this.#wake();
  }
}
