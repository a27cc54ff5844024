import { mock } from 'node:test';

interface Interval {
  timer?: NodeJS.Timeout;
}

/** Node's own mock goes on with an interval that was cleared in its callback, which is how every timer of rxjs ends. */
const intervals = {
  setInterval(run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Interval {
    const interval: Interval = {};
    const arm = (): void => {
      interval.timer = setTimeout(
        () => {
          arm();
          run(...args);
        },
        Math.max(ms, 1),
      );
    };
    arm();
    return interval;
  },
  clearInterval(interval?: Interval): void {
    clearTimeout(interval?.timer);
  },
};

/** Real timers and the clock stand still from here on, until `release`. */
export function freeze(): { readonly release: () => void } {
  const { setInterval, clearInterval } = globalThis;
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  Object.assign(globalThis, intervals);
  return {
    release: () => {
      mock.timers.reset();
      Object.assign(globalThis, { setInterval, clearInterval });
    },
  };
}

/** Lets everything run that needs no time. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass, step by step, and promises settle between the steps. What a step sets off sees the end of the step. */
export async function advance(ms: number, stepMs = Math.ceil(ms / 20)): Promise<void> {
  await settled();
  for (let passed = 0; passed < ms; passed += stepMs) {
    mock.timers.tick(Math.min(stepMs, ms - passed));
    await settled();
  }
}
