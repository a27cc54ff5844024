import { writeFileSync } from 'node:fs';

/** Loaded before a program: writes to $CPU_USAGE what it took, with all its threads: microseconds, and bytes at the peak. */
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  writeFileSync(process.env.CPU_USAGE, JSON.stringify({ us: user + system, peak: maxRSS * 1_024 }));
});
