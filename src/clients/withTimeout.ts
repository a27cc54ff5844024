/** Longer than any command may take before the client itself gives it up. */
const LONGEST_MS = 3_000;

/**
 * A command's result, or a failure where the client forgets to give one: a promise that never settles would hold a
 * round, or the writing of what waits, for ever.
 */
export async function withTimeout<T>(command: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('Command timed out'));
    }, LONGEST_MS);
  });
  try {
    return await Promise.race([command, late]);
  } finally {
    clearTimeout(timer);
  }
}
