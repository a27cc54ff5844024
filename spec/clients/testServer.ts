import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { FAULTS, type Fault } from './faults.js';

const LOOK_MS = 2;

/** A server on a free port that answers every request in the same way, and tells what it saw. */
export interface TestServer {
  readonly url: string;
  /** The requests that arrived, as they were on the wire. */
  readonly requests: readonly string[];
  /** Resolves once a request has arrived. */
  readonly asked: () => Promise<void>;
  /** Resolves once no connection is open any more, and at least so many were. */
  readonly drained: (atLeast?: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export function pem(name: string): string {
  return readFileSync(new URL(`../../../spec/fixtures/tls/${name}`, import.meta.url), 'utf8');
}

export function servePlain(fault: Fault): Promise<TestServer> {
  return serve(createServer({ noDelay: true }), 'connection', fault, 'http');
}

export function serveTls({ askClient = false, owner = 'server', fault = FAULTS.well } = {}): Promise<TestServer> {
  const own = { cert: pem(`${owner}.pem`), key: pem(`${owner}.key`), ca: pem('ca.pem') };
  const server = createTlsServer({ ...own, requestCert: askClient, rejectUnauthorized: askClient });
  server.on('tlsClientError', () => undefined);
  return serve(server, 'secureConnection', fault, 'https');
}

async function serve(server: Server, event: string, fault: Fault, scheme: string): Promise<TestServer> {
  const open = new Set<Socket>();
  const requests: string[] = [];
  let seen = 0;
  server.on('connection', (socket: Socket) => {
    seen += 1;
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
  });
  server.on(event, (socket: Socket) => {
    socket.on('error', () => undefined);
    if (fault.when === 'connected') {
      fault.act(socket);
      return;
    }
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!isWhole(text)) return;
      requests.push(text);
      text = '';
      fault.act(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await delay(LOOK_MS);
  };
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/sync`,
    requests,
    asked: () => until(() => requests.length > 0),
    drained: (atLeast = 0) => until(() => open.size === 0 && seen >= atLeast),
    close: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

function isWhole(text: string): boolean {
  const [head = '', body] = text.split('\r\n\r\n', 2);
  return body !== undefined && Buffer.byteLength(body) >= Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
}
