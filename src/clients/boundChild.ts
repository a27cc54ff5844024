import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Ends the program when our end of descriptor 3 closes, which the kernel sees to even where we are killed. The program
 * and its arguments come as parameters, so nothing needs quoting. Once the program has ended nothing is left that would
 * signal its process id, which may be another's by then; and the shell takes both of its children's ends, which would
 * fall to us where we are process 1, which can't.
 */
const SUPERVISOR = `
"$@" 3<&- </dev/null &
program=$!
{ read -r _ <&3; kill -TERM $program; } 2>/dev/null &
watcher=$!
wait $program 2>/dev/null
code=$?
kill $watcher 2>/dev/null
wait $watcher 2>/dev/null
exit $code
`;
/** What a shell adds to the number of the signal that has ended its program. */
const ENDED_BY_SIGNAL = 128;
const SAID_BYTES = 4_000;
const SAID_LINES = 3;

/** A child process that ends with this one, however that ends. */
export interface BoundChild {
  /** Resolves to how it ended. */
  readonly ended: Promise<string>;
  /** The last lines of what it wrote. */
  lastWords(): string;
  /** Asks it to end, and kills it where it has not after the time given. */
  stop(patienceMs: number): Promise<void>;
}

/**
 * Starts a program as a child that can't outlive us, and that a Ctrl-C at our terminal does not reach. Of our
 * environment it gets only what is given: it is to know none of our secrets, and to trip over none of our settings.
 */
export function startBound(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): BoundChild {
  const child = spawn('/bin/sh', ['-c', SUPERVISOR, 'supervisor', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env,
    // A group of its own: we still need it for what is in flight at a stop.
    detached: true,
  });
  let said = '';
  // Read for as long as it runs: a full pipe would stop it.
  for (const pipe of [child.stdout, child.stderr]) {
    pipe?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-SAID_BYTES)));
  }
  const lifelinePipe = child.stdio[3];
  lifelinePipe?.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => {
      resolve(message);
    });
    child.once('exit', () => lifelinePipe?.destroy());
    child.once('close', (code, signal) => {
      resolve(`it ended with ${signal ?? howEnded(code ?? 0)}`);
    });
  });
  return {
    ended,
    lastWords: () => lastLines(said).join(' | '),
    stop: async (patienceMs) => {
      lifelinePipe?.destroy();
      const { pid } = child;
      const last = setTimeout(() => {
        if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      }, patienceMs);
      await ended;
      clearTimeout(last);
    },
  };
}

/** The shell tells us of a signal that ended its program by a number. */
function howEnded(code: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - ENDED_BY_SIGNAL);
  return signal === undefined ? `code ${String(code)}` : signal[0];
}

/** What Redis says at each start, and its advice on the kernel. */
const ROUTINE = /^(WARNING|oO0OoO0|Redis version=|Configuration loaded|Server initialized)/;

/** Without what Redis begins each line with: process id, role, date, level; and without what it says anyhow. */
function lastLines(said: string): string[] {
  const lines = said.split('\n').map((line) => line.replace(/^\d+:\w .*?\.\d{3} [.*#-] /, '').trim());
  return lines.filter((line) => line !== '' && !ROUTINE.test(line)).slice(-SAID_LINES);
}
