import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Errors of a connection to a unix socket without a listener. EINVAL means that the path is too long for a socket,
 * since Node 24. Older versions cut the path, so the result depends on the shorter path.
 */
const NOT_LISTENING: readonly (string | undefined)[] = ['ECONNREFUSED', 'EINVAL', 'ENOENT', 'ENOTDIR', 'ENOTSOCK'];
/** Much longer than another process needs between its check for a listener and its rename. */
const SETTLE_MS = 100;

/** Whether a process listens on a unix socket, even one that we may not access. */
export function isListening(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(!NOT_LISTENING.includes(code));
    });
  });
}
/**
 * Locks a path for this process by listening on it. The kernel releases the lock however the process ends, unlike a
 * file with a process id. Resolves to the release, or to undefined if another process holds the lock. Rejects if no process
 * could hold it, for example in a read-only folder.
 */
export async function takeLock(path: string): Promise<(() => void) | undefined> {
  if (await isListening(path)) return undefined;
  // The path itself may exist from an earlier run, so another name is used first. It must not be longer than a socket
  // path allows.
  const own = join(dirname(path), `.${randomBytes(3).toString('hex')}`);
  const server = await listenAt(own);
  const { ino } = await stat(own);
  await rename(own, path);
  // If several processes found no listener, the last one to rename its socket has the lock.
  await delay(SETTLE_MS);
  const { ino: holder } = await stat(path);
  if (holder === ino) {
    return () => {
      rmSync(path, { force: true });
      server.close();
    };
  }
  server.close();
  return undefined;
}

async function listenAt(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).unref();
  await once(server.listen(path), 'listening');
  return server;
}
