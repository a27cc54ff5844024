import { connect, type NetConnectOpts } from 'node:net';

const TIMEOUT_MS = 1_000;

/** The answer of the Redis on a unix socket to a PING, such as `+PONG`; empty without an answer within a second. */
export function pingSocket(path: string): Promise<string> {
  return ping({ path });
}

/** The same for a Redis at any address. */
export function ping(address: NetConnectOpts): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(address, () => socket.write('PING\r\n'));
    const answer = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(TIMEOUT_MS, () => {
      answer('');
    });
    socket.once('data', (chunk) => {
      answer(chunk.toString().trimEnd());
    });
    socket.once('close', () => {
      answer('');
    });
    socket.on('error', () => undefined);
  });
}
