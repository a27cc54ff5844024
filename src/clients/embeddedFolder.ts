import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isListening, takeLock } from './folderLock.js';

/** The embedded server could not be started. The message gives the reason and the remedy. */
export class EmbeddedRedisError extends Error {
  override readonly name = 'EmbeddedRedisError';
}

/** The path of a unix socket has at most 104 bytes on macOS and 108 on Linux, including the final zero. */
const MAX_SOCKET_PATH = 103;
/** The time that the server of a killed scheduler may take to end. */
const TAKEOVER_WAIT_MS = 5_000;
const POLL_MS = 50;
/** Files that a redis-server of any version leaves in its folder. */
const DATABASE = ['appendonlydir', 'appendonly.aof', 'dump.rdb'];

/** The socket of the server with this data folder. */
export function embeddedSocket(dataDir: string): string {
  return join(resolve(dataDir), 'redis.sock');
}

/** Whether the folder has data of a server. */
export async function hasDatabase(dataDir: string): Promise<boolean> {
  const found = await readdir(dataDir).catch((): string[] => []);
  return DATABASE.some((name) => found.includes(name));
}

/**
 * Locks the folder for this process and resolves to the release. Waits a moment for the server of a killed scheduler
 * to end. Rejects with an `EmbeddedRedisError` if the folder cannot be used, and with the reason of `stop` once it
 * fires.
 */
export async function claimFolder(folder: string, stop?: AbortSignal): Promise<() => void> {
  const socketPath = embeddedSocket(folder);
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH) {
    throw new EmbeddedRedisError(
      `redis.dataDir: ${folder} is too long a path, ${MAX_SOCKET_PATH} bytes with /redis.sock are the most that a unix socket allows`,
    );
  }
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let waitedMs = 0; waitedMs < TAKEOVER_WAIT_MS; waitedMs += POLL_MS) {
      const unlock = (await isListening(socketPath)) ? undefined : await takeLock(join(folder, 'lock'));
      if (unlock !== undefined) return unlock;
      if (stop?.aborted === true) break;
      await delay(POLL_MS);
    }
  } catch (error) {
    throw new EmbeddedRedisError(`redis.dataDir: ${folder} can't be used: ${(error as Error).message}`);
  }
  stop?.throwIfAborted();
  throw new EmbeddedRedisError(`redis.dataDir: ${folder} is in use by another scheduler`);
}
