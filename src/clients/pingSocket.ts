import { connect, type NetConnectOpts } from 'node:net';

const PATIENCE_MS = 1_000;

/** What the Redis on a unix socket says to a PING, such as `+PONG`; empty where there is no answer within a second. */
export function pingSocket(path: string): Promise<string> {
  return ping({ path });
}

/** The same of a Redis at any place. */
export function ping(place: NetConnectOpts): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(place, () => socket.write('PING\r\n'));
    const answer = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(PATIENCE_MS, () => {
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
