import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Screen } from './screen.js';

/** Two addresses that could be a host's; nothing is ever sent there. */
export const [FIRST_IP, SECOND_IP] = ['93.184.216.34', '93.184.216.99'] as const;
/** Longer than anything of the demo takes. */
export const PATIENCE_MS = 60_000;
/** Ends it after the last chapter, also on a terminal. */
const ONCE = process.argv.includes('--once');
/** Leaves out the pauses for a viewer, and shortens the intervals. */
export const FAST = process.argv.includes('--fast');
/** The one chapter to be played after the beginning, where that was asked for. */
export const CHAPTER = process.argv.find((_, i, words) => words[i - 1] === '--chapter');
const WIDTH = 80;

const { stdout } = process;

/** Fires where the demo is to end. */
export const over = new AbortController();

export const screen = new Screen({
  colour: stdout.isTTY && process.env.NO_COLOR === undefined,
  width: Math.min(stdout.columns || WIDTH, WIDTH),
  write: (text) => stdout.write(text),
});

/** Rejects where the demo is to end. */
export const ended = once(over.signal, 'abort').then((): never => {
  throw new Error('the demo is over');
});
// Nobody may be waiting just then.
ended.catch(() => undefined);

/** A moment for the viewer; ends early where the demo does. */
export async function pause(seconds: number): Promise<void> {
  await delay(FAST ? 0 : seconds * 1_000, undefined, { signal: over.signal });
}

/** Plays it until its end or a signal. On a terminal the page stays until Ctrl-C; `page` is where it is. */
export async function perform(play: () => Promise<string>, close: () => Promise<void>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      over.abort();
    });
  }
  try {
    const page = await play();
    if (ONCE || !stdout.isTTY) return;
    screen.chapter('that was all; the page stays until you press Ctrl-C');
    screen.hint(page);
    await once(over.signal, 'abort');
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    await close();
  }
}
