import { unlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';

/** Whether somebody listens on a unix socket. */
export function isServed(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const answer = (served: boolean) => (): void => {
      socket.destroy();
      resolve(served);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });
}

/**
 * Holds a path for this process alone by listening there: the kernel lets go of it however the process ends, which a
 * file with a process id in it does not. Resolves to the release, or to undefined where another process holds it.
 */
export async function takeLock(path: string): Promise<(() => void) | undefined> {
  if (await isServed(path)) return undefined;
  await unlink(path).catch(() => undefined);
  const server = createServer((socket) => socket.destroy());
  const listening = await new Promise<boolean>((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen(path, () => {
      resolve(true);
    });
  });
  server.unref();
  return listening ? () => server.close() : undefined;
}
