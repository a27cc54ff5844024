import { appendFileSync, readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isTick, type Sample } from './sample.js';

/**
 * Loaded into the program by `--import`: measures it from inside, without a change to it, and appends the figures to
 * the file $SOAK_SAMPLES. The ticks are counted at the timer that fires them, not by what the program says of them.
 */

/** In step with none of the program's own timers: beside one of them every sample would meet its command. */
const EVERY_MS = 237;
const file = process.env.SOAK_SAMPLES ?? '';
const delay = monitorEventLoopDelay({ resolution: 10 });
let ticks = 0;
let faults = 0;
let warnings = 0;

const original = globalThis.setInterval;
globalThis.setInterval = ((run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
  original(
    isTick(ms)
      ? (...given: unknown[]) => {
          ticks += 1;
          run(...given);
        }
      : run,
    ms,
    ...args,
  )) as typeof setInterval;

// The monitor sees what nobody caught, rejections as well, and changes nothing about the end of the program.
process.on('uncaughtExceptionMonitor', () => (faults += 1));
process.on('warning', () => (warnings += 1));

function write(): void {
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const { rss, heapUsed } = process.memoryUsage();
  const sample: Sample = {
    at: Date.now(),
    rss,
    heapUsed,
    descriptors: readdirSync('/proc/self/fd').length,
    resources,
    delayMeanMs: delay.mean / 1e6,
    delayP99Ms: delay.percentile(99) / 1e6,
    ticks,
    faults,
    warnings,
  };
  delay.reset();
  appendFileSync(file, `${JSON.stringify(sample)}\n`);
}

delay.enable();
original(write, EVERY_MS).unref();
process.on('exit', write);
