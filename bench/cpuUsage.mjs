import { writeFileSync } from 'node:fs';

/** Loaded before a program: writes to $CPU_USAGE what processor time it took, in microseconds, with all its threads. */
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env.CPU_USAGE, String(user + system));
});
