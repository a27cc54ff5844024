import { CommandError } from './commandError.js';

/**
 * Writes to standard output, and resolves once that is out: to false where its reader has gone, as `head` does. That is
 * no failure, but nobody wants more of it. Rejects with a `CommandError` where it could not be written, such as on a full
 * disk.
 */
export function print(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      const { code } = (error ?? {}) as NodeJS.ErrnoException;
      if (!error) resolve(true);
      else if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') resolve(false);
      else reject(new CommandError(`could not write to standard output: ${code ?? error.message}`));
    });
  });
}

/** Leaves it to each write to tell of its failure; without a listener one of them would end the process with a stack. */
export function heedClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
