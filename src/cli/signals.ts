import { constants } from 'node:os';
import { isatty } from 'node:tty';

/** What the process makes of signals. Imports nothing of ours or of others, so that it is in place before all else. */
export interface Signals {
  /** Aborts at the first signal to stop, with its name as the reason. The second one has ended the process. */
  readonly stop: AbortSignal;
  /**
   * Calls the listener at each SIGHUP, and at once where one came before anybody listened. Returns the way to end it.
   */
  readonly onHangUp: (listener: () => void) => () => void;
  /** For a command: from now on a signal, also one that has come already, ends the process as it would any other. */
  readonly standBack: () => void;
}

const STOP = ['SIGTERM', 'SIGINT'] as const;
const ENDED_BY_SECOND_SIGNAL = 130;
/** Sooner than anybody presses a key again. */
const ECHO_MS = 100;
/** What a shell adds to the number of a signal that has ended a program. */
const ENDED_BY_SIGNAL = 128;

/** Heeds signals from now on. */
export function heedSignals(): Signals {
  const stop = new AbortController();
  let missedHangUp = false;

  let stoppedAt = 0;
  const onStop = (name: NodeJS.Signals): void => {
    if (!stop.signal.aborted) {
      stoppedAt = performance.now();
      stop.abort(name);
    } else if (!isEcho(name, performance.now() - stoppedAt)) {
      process.exit(ENDED_BY_SECOND_SIGNAL);
    }
  };
  const onFirstHangUp = (): void => {
    missedHangUp = true;
  };
  for (const name of STOP) process.on(name, onStop);
  process.on('SIGHUP', onFirstHangUp);

  return {
    stop: stop.signal,
    onHangUp: (listener) => {
      process.on('SIGHUP', listener);
      process.off('SIGHUP', onFirstHangUp);
      if (missedHangUp) listener();
      missedHangUp = false;
      return () => {
        process.on('SIGHUP', onFirstHangUp);
        process.off('SIGHUP', listener);
      };
    },
    standBack: () => {
      for (const name of STOP) process.once(name, endBy).off(name, onStop);
      // Without another listener Node would drop one that has come and waits to be handed on.
      process.once('SIGHUP', endBy).off('SIGHUP', onFirstHangUp);
      if (stop.signal.aborted) endBy(stop.signal.reason as NodeJS.Signals);
      if (missedHangUp) endBy('SIGHUP');
    },
  };
}

/** One Ctrl-C at a terminal comes twice where npm or timeout(1) get it as well and hand it on. */
function isEcho(name: NodeJS.Signals, sinceMs: number): boolean {
  return name === 'SIGINT' && sinceMs < ECHO_MS && isatty(0);
}

/** Ends the process as the signal would have. Process 1 of a container is spared that by the kernel, so it exits. */
function endBy(name: NodeJS.Signals): void {
  // Other listeners run first: a progress bar gives the cursor back.
  setImmediate(() => {
    process.removeAllListeners(name);
    process.kill(process.pid, name);
    process.exit(ENDED_BY_SIGNAL + constants.signals[name]);
  });
}
