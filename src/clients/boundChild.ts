import { spawn } from 'node:child_process';

/**
 * Ends the program when our end of descriptor 3 closes, which the kernel sees to even where we are killed. The program
 * and its arguments come as parameters, so nothing needs quoting. Once the program has ended nobody is left who would
 * signal its process id, which may be another's by then.
 */
const SUPERVISOR = `
"$@" 3<&- </dev/null &
program=$!
{ cat <&3 >/dev/null; kill -TERM $program; } 2>/dev/null &
watcher=$!
wait $program
code=$?
kill $watcher 2>/dev/null
exit $code
`;
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

/** Starts a program as a child that can't outlive us, and that a Ctrl-C at our terminal does not reach. */
export function startBound(program: string, args: readonly string[]): BoundChild {
  const child = spawn('/bin/sh', ['-c', SUPERVISOR, 'supervisor', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // A group of its own: we still need it for what is in flight when we are told to stop.
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
      resolve(`it ended with ${signal ?? `code ${String(code)}`}`);
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

/** Without what Redis begins each line with: process id, role, date, level; and without its advice on the kernel. */
function lastLines(said: string): string[] {
  const lines = said.split('\n').map((line) => line.replace(/^\d+:\w .*?\.\d{3} [.*#-] /, '').trim());
  return lines.filter((line) => line !== '' && !line.startsWith('WARNING')).slice(-SAID_LINES);
}
