import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/** Ways to answer wrongly, or not at all. `well` answers as the protocol says. */
export type Behaviour =
  | 'well'
  | 'silence'
  | 'stall'
  | 'drip'
  | 'endless-body'
  | 'endless-headers'
  | 'huge-header'
  | 'huge-body'
  | 'gzip-bomb'
  | 'malformed'
  | 'early-close'
  | 'reset'
  | 'reset-in-headers'
  | 'reset-in-body'
  | 'redirect'
  | 'continue-flood'
  | 'wrong-identity'
  | 'not-json'
  | { readonly status: number; readonly retryAfter?: string }
  | { readonly lateByMs: number };

const MIB = 1_048_576;
const TICK_MS = 20;
let bomb: Buffer | undefined;

/** Answers in the given wrong way. Returns false where it is up to the caller to answer well. */
export function misbehave(behaviour: Behaviour, request: IncomingMessage, response: ServerResponse): boolean {
  const { socket } = request;
  if (typeof behaviour === 'object') {
    if ('lateByMs' in behaviour) {
      repeatedly(socket, behaviour.lateByMs, () => response.end());
      return true;
    }
    const { status, retryAfter } = behaviour;
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end('no');
    return true;
  }
  switch (behaviour) {
    case 'well':
      return false;
    case 'silence':
      return true;
    case 'stall':
      response.writeHead(200, { 'content-length': '10' }).write('1');
      return true;
    case 'drip':
      response.writeHead(200, { 'content-length': '100000' });
      repeatedly(socket, 1_000, () => response.write('.'));
      return true;
    case 'endless-body':
      response.writeHead(200);
      repeatedly(socket, TICK_MS, () => response.write(Buffer.alloc(16_384, '.')));
      return true;
    case 'endless-headers':
      socket.write('HTTP/1.1 200 OK\r\n');
      repeatedly(socket, TICK_MS, () => socket.write(`x-more: ${'.'.repeat(200)}\r\n`));
      return true;
    case 'huge-header':
      socket.write(`HTTP/1.1 200 OK\r\nx-huge: ${'.'.repeat(MIB)}\r\ncontent-length: 0\r\n\r\n`);
      return true;
    case 'huge-body':
      response.writeHead(200).end(Buffer.alloc(MIB, '.'));
      return true;
    case 'gzip-bomb':
      response.writeHead(200, { 'content-encoding': 'gzip' }).end((bomb ??= makeBomb()));
      return true;
    case 'malformed':
      socket.end('HTTP/1.1 two hundred\r\nno colon here\r\n\r\n');
      return true;
    case 'early-close':
      response.writeHead(200, { 'content-length': '100' }).write('only this');
      setImmediate(() => socket.end());
      return true;
    case 'reset':
      socket.resetAndDestroy();
      return true;
    case 'reset-in-headers':
      socket.write('HTTP/1.1 200 OK\r\ncontent-le', () => socket.resetAndDestroy());
      return true;
    case 'reset-in-body':
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly', () => socket.resetAndDestroy());
      return true;
    case 'redirect':
      response.writeHead(307, { location: request.url ?? '/' }).end();
      return true;
    case 'continue-flood':
      repeatedly(socket, TICK_MS, () => socket.write('HTTP/1.1 102 Processing\r\n\r\n'));
      return true;
    case 'wrong-identity':
      response.writeHead(200).end(JSON.stringify({ uuid: '00000000-0000-4000-8000-000000000000' }));
      return true;
    case 'not-json':
      response.writeHead(200).end('<!doctype html><title>hello</title>');
      return true;
  }
}

/** Unpacks to 128 MiB and is more than 64 KiB as it comes: members one after another, so that making it takes no time. */
function makeBomb(): Buffer {
  return Buffer.concat(Array<Buffer>(128).fill(gzipSync(Buffer.alloc(MIB))));
}

function repeatedly(socket: Socket, everyMs: number, act: () => unknown): void {
  const timer = setInterval(() => {
    if (socket.writable) act();
  }, everyMs);
  socket.once('close', () => {
    clearInterval(timer);
  });
}
