import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isServed, takeLock } from './folderLock.js';

/** The embedded server could not be started; the message says why and what to do. */
export class EmbeddedRedisError extends Error {
  override readonly name = 'EmbeddedRedisError';
}

/** A unix socket's path has 104 bytes on macOS and 108 on Linux, the closing zero included. */
const LONGEST_PATH = 103;
/** How long the server of a scheduler that was killed may take to end. */
const HANDOVER_MS = 5_000;
const LOOK_MS = 50;
/** What a redis-server of any version leaves in its folder. */
const DATABASE = ['appendonlydir', 'appendonly.aof', 'dump.rdb'];

/** The socket of the server that keeps its data in this folder. */
export function embeddedSocket(dataDir: string): string {
  return join(resolve(dataDir), 'redis.sock');
}

/** Whether a server has kept data in this folder. */
export async function hasDatabase(dataDir: string): Promise<boolean> {
  const found = await readdir(dataDir).catch((): string[] => []);
  return DATABASE.some((name) => found.includes(name));
}

/**
 * Takes the folder for us alone, and resolves to the release. A scheduler that was killed leaves its server a moment to
 * end. Rejects with an `EmbeddedRedisError` where the folder can't be had, and with the reason of `stop` once that fires.
 */
export async function claimFolder(folder: string, stop?: AbortSignal): Promise<() => void> {
  const socketPath = embeddedSocket(folder);
  if (Buffer.byteLength(socketPath) > LONGEST_PATH) {
    throw new EmbeddedRedisError(
      `redis.dataDir: ${folder} is too long a path, ${LONGEST_PATH} bytes with /redis.sock are the most that a unix socket allows`,
    );
  }
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let waitedMs = 0; waitedMs < HANDOVER_MS; waitedMs += LOOK_MS) {
      const unlock = (await isServed(socketPath)) ? undefined : await takeLock(join(folder, 'lock'));
      if (unlock !== undefined) return unlock;
      if (stop?.aborted === true) break;
      await delay(LOOK_MS);
    }
  } catch (error) {
    throw new EmbeddedRedisError(`redis.dataDir: ${folder} can't be used: ${(error as Error).message}`);
  }
  stop?.throwIfAborted();
  throw new EmbeddedRedisError(`redis.dataDir: ${folder} is in use by another scheduler`);
}
