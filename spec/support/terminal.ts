import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { skipBecause } from './skip.js';

/** What somebody types once they see a text. */
export interface Typed {
  readonly after: string;
  readonly keys: string;
}

/** Skips where there is no pseudo-terminal to be had. */
export function needsTerminal(context: Mocha.Context): void {
  if (process.platform !== 'linux') skipBecause(context, 'script(1) takes these arguments on Linux only');
}

/** What a person sees of a command line on the pseudo-terminal that script(1) of util-linux makes, while they type. */
export async function onTerminal(
  line: string,
  typed: readonly Typed[] = [],
): Promise<{ output: string; code: number }> {
  const limited = `timeout --foreground -s TERM 30 ${line}`;
  const child = spawn('script', ['-qec', limited, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let output = '';
  let seen = 0;
  const waiting = [...typed];
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    for (let [next] = waiting; next !== undefined && output.includes(next.after, seen); [next] = waiting) {
      seen = output.indexOf(next.after, seen) + next.after.length;
      child.stdin.write(next.keys);
      waiting.shift();
    }
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { output, code: code ?? -1 };
}
