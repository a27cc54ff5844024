import { execFile } from 'node:child_process';

/** Tells the service manager of assignments such as `READY=1`. Rejects with the error of the tool. */
export type TellManager = (assignments: readonly string[]) => Promise<void>;

const TOOL = 'systemd-notify';
/** The tool waits until systemd has read the message. */
const DEADLINE_MS = 5_000;

/**
 * The way to systemd, undefined where none listens. Its protocol is a datagram on a unix socket (sd_notify(3)), which
 * Node.js can't send, so its own tool does. The tool gets nothing of our environment but what it needs.
 */
export function systemdNotify({ NOTIFY_SOCKET, PATH }: NodeJS.ProcessEnv): TellManager | undefined {
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '') return undefined;
  return (assignments) =>
    new Promise((resolve, reject) => {
      const options = { env: { PATH, NOTIFY_SOCKET }, timeout: DEADLINE_MS };
      execFile(TOOL, [...assignments], options, (error) => {
        if (error === null) resolve();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is one, with more in it
        else reject(error);
      });
    });
}

/**
 * How often the service manager wants to hear of us, in milliseconds; undefined where it does not watch this process.
 */
export function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv, pid: number): number | undefined {
  const ms = Number(WATCHDOG_USEC) / 1_000;
  if (!(ms > 0) || ms > 2 ** 31 - 1) return undefined;
  return WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid) ? ms : undefined;
}
