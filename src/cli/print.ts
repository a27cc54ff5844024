import { CommandError } from './commandError.js';

/**
 * Writes to standard output and resolves when the write is done. Resolves to false if the reader has closed the
 * pipe, as `head` does: that is no failure, but further output is useless. Rejects with a `CommandError` if the
 * write failed, for example on a full disk.
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

/**
 * Each write reports its own failure. Without this listener such an error would also end the process with a stack
 * trace.
 */
export function handleClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
