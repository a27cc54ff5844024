import { constants } from 'node:os';
import { isatty } from 'node:tty';

/**
 * The signal handling of the process. This module imports only Node modules, so that the handlers are installed
 * before any other code is loaded.
 */
export interface Signals {
  /** Aborts at the first stop signal, with its name as the reason. A second signal ends the process. */
  readonly stop: AbortSignal;
  /**
   * Calls the listener at each SIGHUP, and at once if one came before the listener was added. Returns a function
   * that removes it.
   */
  readonly onSighup: (listener: () => void) => () => void;
  /** For commands: from now on a signal ends the process in the default way, including one that has already come. */
  readonly restoreDefaults: () => void;
}

const STOP = ['SIGTERM', 'SIGINT'] as const;
const ENDED_BY_SECOND_SIGNAL = 130;
/** Shorter than the time between two key presses. */
const DUPLICATE_MS = 100;
/** A shell adds this to the number of the signal that ended its program. */
const ENDED_BY_SIGNAL = 128;

/** Installs the signal handlers. */
export function handleSignals(): Signals {
  const stop = new AbortController();
  let missedSighup = false;

  let stoppedAt = 0;
  const onStop = (name: NodeJS.Signals): void => {
    if (!stop.signal.aborted) {
      stoppedAt = performance.now();
      stop.abort(name);
    } else if (!isDuplicate(name, performance.now() - stoppedAt)) {
      process.exit(ENDED_BY_SECOND_SIGNAL);
    }
  };
  const onFirstSighup = (): void => {
    missedSighup = true;
  };
  for (const name of STOP) process.on(name, onStop);
  process.on('SIGHUP', onFirstSighup);

  return {
    stop: stop.signal,
    onSighup: (listener) => {
      process.on('SIGHUP', listener);
      process.off('SIGHUP', onFirstSighup);
      if (missedSighup) listener();
      missedSighup = false;
      return () => {
        process.on('SIGHUP', onFirstSighup);
        process.off('SIGHUP', listener);
      };
    },
    restoreDefaults: () => {
      for (const name of STOP) process.once(name, endBy).off(name, onStop);
      // Without another listener Node would drop a signal that was received but not delivered yet.
      process.once('SIGHUP', endBy).off('SIGHUP', onFirstSighup);
      if (stop.signal.aborted) endBy(stop.signal.reason as NodeJS.Signals);
      if (missedSighup) endBy('SIGHUP');
    },
  };
}

/** A Ctrl-C at a terminal arrives twice if npm or timeout(1) also receives it and forwards it. */
function isDuplicate(name: NodeJS.Signals, sinceMs: number): boolean {
  return name === 'SIGINT' && sinceMs < DUPLICATE_MS && isatty(0);
}

/**
 * Ends the process as the signal would. The kernel does not end process 1 of a container by this signal, so it exits
 * instead.
 */
function endBy(name: NodeJS.Signals): void {
  // Other listeners run first: a progress bar restores the cursor.
  setImmediate(() => {
    process.removeAllListeners(name);
    process.kill(process.pid, name);
    process.exit(ENDED_BY_SIGNAL + constants.signals[name]);
  });
}
