import { readFile, readlink } from 'node:fs/promises';
import type { ProcessIdentity } from '../domain/leader.js';

/** The identity of this host and process, or undefined if the system has no `/proc`. */
export async function ownIdentity(): Promise<ProcessIdentity | undefined> {
  try {
    const [boot, pidNamespace, started] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readlink('/proc/self/ns/pid'),
      startTimeOf(process.pid),
    ]);
    return started === undefined ? undefined : { boot: boot.trim(), pidNamespace, pid: process.pid, started };
  } catch {
    return undefined;
  }
}

/**
 * Whether a process is provably gone: it ran since the current boot of this host, in our pid namespace, and its pid
 * is now unused or belongs to a process that started later.
 */
export async function isGone(other: ProcessIdentity, own: ProcessIdentity | undefined): Promise<boolean> {
  if (own?.boot !== other.boot || own.pidNamespace !== other.pidNamespace) return false;
  try {
    return (await startTimeOf(other.pid)) !== other.started;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && !processExists(other.pid);
  }
}

/**
 * Whether a process has this pid. `/proc` may hide processes of other users (`ProtectProc` of systemd), so a signal
 * tests it.
 */
function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Field 22 of proc(5) `stat`, after the name in brackets. A zombie counts as ended. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return state === 'Z' ? undefined : fields[18];
}
