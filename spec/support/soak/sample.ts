import { readFileSync } from 'node:fs';

/** The interval of the rounds. */
export const TICK_MS = 53;
/** Next to none, but by it the timers of the rounds are told from all others, which have whole milliseconds or are long. */
export const TICK_JITTER = 0.001;

/** Whether a timer so long is one between two rounds. */
export function isTick(ms: number | undefined): boolean {
  return ms !== undefined && !Number.isInteger(ms) && Math.abs(ms - TICK_MS) <= TICK_MS * TICK_JITTER;
}

/** What was measured in the program at one moment; delays of the event loop since the moment before. */
export interface Sample {
  readonly at: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly descriptors: number;
  /** What keeps the event loop busy, by kind: sockets, timers and so on. */
  readonly resources: Readonly<Record<string, number>>;
  readonly delayMeanMs: number;
  readonly delayP99Ms: number;
  /** The timers of the rounds that have fired. */
  readonly ticks: number;
  /** Exceptions and rejections that nobody caught. */
  readonly faults: number;
  readonly warnings: number;
}

/** The samples so far; a line that is being written is left out. */
export function readSamples(file: string): readonly Sample[] {
  const text = readFileSync(file, 'utf8');
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Sample);
}

/** The newest sample; throws where nothing was measured yet. */
export function latestSample(file: string): Sample {
  const last = readSamples(file).at(-1);
  if (last === undefined) throw new Error('nothing was measured');
  return last;
}
