import { readdirSync, readFileSync } from 'node:fs';

/** What a process takes, by proc(5). Linux only. */

export const canMeasure = process.platform === 'linux';

const NS_PER_US = 1_000;
/** A tick of the times in /proc, which are the same on every Linux. */
const TICK_US = 10_000;

/** Microseconds of processor time of a process, all its threads, and its peak of memory in bytes. */
export function usageOf(pid) {
  const [, peak] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { us: processorTimeOf(pid), peak: Number(peak) * 1_024 };
}

/** By the scheduler where the kernel counts it, to the nanosecond; else by ticks. */
function processorTimeOf(pid) {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const ns = (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    return threads.reduce((sum, thread) => sum + ns(thread), 0) / NS_PER_US;
  } catch {
    const [, rest] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const [user, system] = rest.split(' ').slice(11, 13).map(Number);
    return (user + system) * TICK_US;
  }
}
