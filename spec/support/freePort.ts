import { once } from 'node:events';
import { createServer } from 'node:net';

/** Where Linux begins to take ports for outgoing connections; one of those could be taken while a server is away. */
const EPHEMERAL = 32_768;
const LEAST = 12_000;

/** A port of loopback that is free, also for a server that is to come back to it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * (EPHEMERAL - LEAST));
    const server = createServer();
    const bound = await Promise.race([
      once(server.listen(port, '127.0.0.1'), 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]).catch(() => false);
    if (!bound) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
