import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Ends the program when our end of descriptor 3 closes. The kernel closes it even if this process is killed. The
 * program and its arguments are parameters, so nothing needs quoting. After the end of the program no process is
 * left that could signal its pid, which may be reused by then. The shell also reaps both of its children; otherwise
 * they would become children of this process if it is process 1, which does not reap them.
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
/** A shell adds this to the number of the signal that ended its program. */
const ENDED_BY_SIGNAL = 128;
const OUTPUT_BYTES = 4_000;
const OUTPUT_LINES = 3;

/** A child process that ends with this one, in whatever way this one ends. */
export interface BoundChild {
  /** Resolves to a description of its end. */
  readonly ended: Promise<string>;
  /** The last lines of its output. */
  lastOutput(): string;
  /** Asks it to end, and kills it if it has not ended after the given time. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts a program as a child that cannot outlive this process and does not receive a Ctrl-C from our terminal. It
 * gets only the given environment, so that it sees none of our secrets and no setting of ours affects it.
 */
export function startBound(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): BoundChild {
  const child = spawn('/bin/sh', ['-c', SUPERVISOR, 'supervisor', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env,
    // The child has its own process group, because a stop still needs it for work in flight.
    detached: true,
  });
  let output = '';
  // The output is read continuously, because a full pipe would block the program.
  for (const pipe of [child.stdout, child.stderr]) {
    pipe?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-OUTPUT_BYTES)));
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
    lastOutput: () => lastLines(output).join(' | '),
    stop: async (graceMs) => {
      lifelinePipe?.destroy();
      const { pid } = child;
      const last = setTimeout(() => {
        if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      }, graceMs);
      await ended;
      clearTimeout(last);
    },
  };
}

/** The shell reports a signal that ended its program as a number. */
function howEnded(code: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - ENDED_BY_SIGNAL);
  return signal === undefined ? `code ${String(code)}` : signal[0];
}

/** Messages of Redis at every start, and its advice about the kernel. */
const ROUTINE = /^(WARNING|oO0OoO0|Redis version=|Configuration loaded|Server initialized)/;

/** The last lines without routine messages, and without the prefix of Redis: process id, role, date, level. */
function lastLines(output: string): string[] {
  const lines = output.split('\n').map((line) => line.replace(/^\d+:\w .*?\.\d{3} [.*#-] /, '').trim());
  return lines.filter((line) => line !== '' && !ROUTINE.test(line)).slice(-OUTPUT_LINES);
}
