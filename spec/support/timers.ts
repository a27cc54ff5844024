import { install } from '@sinonjs/fake-timers';

let clock: ReturnType<typeof install> | undefined;

/** Timers and the clock stand still from here on, until `release`. */
export function freeze(): { readonly release: () => void } {
  const frozen = install({
    now: 1_000_000,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  });
  clock = frozen;
  return {
    release: () => {
      frozen.uninstall();
      clock = undefined;
    },
  };
}

/** Lets everything run that needs no time. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass, step by step, and promises settle between the steps. */
export async function advance(ms: number, stepMs = Math.max(1, Math.ceil(ms / 20))): Promise<void> {
  await settled();
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock?.tick(Math.min(stepMs, ms - passed));
    await settled();
  }
}
