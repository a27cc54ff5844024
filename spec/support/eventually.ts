import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 20;

/** Asserts again and again until it holds; the last failure is the spec's, after the time given. */
export async function eventually(assertion: () => Promise<void> | void, withinMs = 15_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      await assertion();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(LOOK_MS);
    }
  }
}
