import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { freePort } from './freePort.js';

/** With a backlog of one, Linux lets two connections wait for whoever listens; of any more it swallows the SYNs. */
const WAITING = 2;

/** A port where attempts to connect meet silence, as behind a firewall that drops. */
export async function blackHole(): Promise<{ readonly port: number; close(): void }> {
  const port = await freePort();
  const listening = `require('net').createServer().listen(${port}, '127.0.0.1', 1, () => process.stdout.write('ready'))`;
  const listener = spawn(process.execPath, ['-e', listening], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(listener.stdout, 'data');
  listener.kill('SIGSTOP');
  const sockets: Socket[] = [];
  // What it took before it was stopped makes room for others.
  for (let waiting = 0; waiting < WAITING + 2; waiting += 1) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    if (waiting < WAITING) await once(socket, 'connect');
  }
  return {
    port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      listener.kill('SIGKILL');
    },
  };
}
