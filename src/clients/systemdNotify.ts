import { execFile } from 'node:child_process';

/** Sends assignments such as `READY=1` to the service manager. Rejects with the error of the tool. */
export type NotifyManager = (assignments: readonly string[]) => Promise<void>;

const TOOL = 'systemd-notify';
/** The tool waits until systemd has read the message. */
const DEADLINE_MS = 5_000;

/**
 * The connection to systemd, or undefined if it does not listen. The protocol is a datagram on a unix socket
 * (sd_notify(3)), which Node.js cannot send, so the tool of systemd sends it. The tool gets only the environment
 * variables that it needs.
 */
export function systemdNotify({ NOTIFY_SOCKET, PATH }: NodeJS.ProcessEnv): NotifyManager | undefined {
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

/** The interval of the watchdog of the service manager in milliseconds; undefined if it does not watch this process. */
export function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv, pid: number): number | undefined {
  const ms = Number(WATCHDOG_USEC) / 1_000;
  if (!(ms > 0) || ms > 2 ** 31 - 1) return undefined;
  return WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid) ? ms : undefined;
}
