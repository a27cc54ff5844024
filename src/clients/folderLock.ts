import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * What connecting to a unix socket meets where nobody listens, or nothing is there. EINVAL is a path too long for a
 * socket since Node 24; before, it was cut short, and so met what is or is not at the shorter path.
 */
const NOBODY: readonly (string | undefined)[] = ['ECONNREFUSED', 'EINVAL', 'ENOENT', 'ENOTDIR', 'ENOTSOCK'];
/** Much longer than another process takes from finding nobody to putting itself in place. */
const SETTLE_MS = 100;

/** Whether somebody listens on a unix socket, be it out of our reach. */
export function isServed(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(!NOBODY.includes(code));
    });
  });
}

/**
 * Holds a path for this process alone by listening there: the kernel lets go of it however the process ends, which a
 * file with a process id in it does not. Resolves to the release, or to undefined where another process holds it;
 * rejects where nobody could hold it, such as in a folder that can't be written.
 */
export async function takeLock(path: string): Promise<(() => void) | undefined> {
  if (await isServed(path)) return undefined;
  // Not at the path itself, which may be left over. No longer a name than a socket's path has room for.
  const own = join(dirname(path), `.${randomBytes(3).toString('hex')}`);
  const server = await listenAt(own);
  const { ino } = await stat(own);
  await rename(own, path);
  // Of all that found nobody here the last one to put itself in place has it.
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
