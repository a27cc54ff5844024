import { CommandError } from './commandError.js';

/**
 * Writes to standard output, and resolves once that is out. A reader that has gone, as `head` does, wants no more of it:
 * that is no failure. Rejects with a `CommandError` where it could not be written, such as on a full disk.
 */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      const { code } = (error ?? {}) as NodeJS.ErrnoException;
      if (!error || code === 'EPIPE') resolve();
      else reject(new CommandError(`could not write to standard output: ${code ?? error.message}`));
    });
  });
}

/** Leaves it to each write to tell of its failure; without a listener one of them would end the process with a stack. */
export function heedClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
