/** Longer than the client itself waits for any command. */
const TIMEOUT_MS = 3_000;

/**
 * The result of a command, or a failure if the client never settles its promise. Such a promise would block a round,
 * or the writes, forever.
 */
export async function withTimeout<T>(command: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('Command timed out'));
    }, TIMEOUT_MS);
  });
  try {
    return await Promise.race([command, late]);
  } finally {
    clearTimeout(timer);
  }
}
