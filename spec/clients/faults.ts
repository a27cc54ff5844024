import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Reply } from '#src/domain/call/http.js';

const MIB = 1_048_576;
const TICK_MS = 5;

/** How a test server treats a connection: once the request is there, or as soon as there is a connection. */
export interface Fault {
  readonly when?: 'connected';
  readonly act: (socket: Socket) => void;
}

const says = (text: string | Buffer): Fault => ({ act: (socket) => socket.end(text) });
const keepsSaying = (head: string, more: string): Fault => ({
  act: (socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write(more), TICK_MS);
    socket.once('close', () => {
      clearInterval(timer);
    });
  },
});
const resets = (text: string): Fault => ({
  act: (socket) => {
    // The other end has to have read it, or the reset would overtake it.
    socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), TICK_MS));
  },
});
const withBody = (body: string | Buffer, head = ''): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n`),
    Buffer.from(body),
  ]);
const continues = 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100);
const unfinished = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"uuid":';

/** Answers, good ones first, as bytes on the wire: an HTTP library would refuse to send most of them. */
export const FAULTS = {
  well: says(withBody('{"uuid":"b"}')),
  noContent: says('HTTP/1.1 204 No Content\r\n\r\n'),
  noContentButMore: says('HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello'),
  noContentButHttp: says('HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 Oh\r\n\r\n'),
  resetContent: says('HTTP/1.1 205 Reset\r\ncontent-length: 5\r\n\r\nhello'),
  resetContentStalls: { act: (socket) => socket.write('HTTP/1.1 205 Reset\r\ncontent-length: 100\r\n\r\n') },
  resetContentEndless: keepsSaying('HTTP/1.1 205 Reset\r\n\r\n', 'x'.repeat(16_384)),
  chunked: says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nin \r\n6\r\nchunks\r\n0\r\n\r\n'),
  surplus: says(Buffer.concat([withBody('{"uuid":"b"}'), Buffer.from('\n<!-- served by -->')])),
  untilClose: says('HTTP/1.1 200 OK\r\n\r\nall of it'),
  largest: says(withBody('x'.repeat(65_536))),
  tooLarge: says(withBody('x'.repeat(65_537))),
  continues: says(`${continues}HTTP/1.1 204 No Content\r\n\r\n`),
  continuesOnly: { act: (socket) => socket.write(continues) },
  gzipBomb: says(withBody(gzipSync(Buffer.alloc(256 * MIB)), 'content-encoding: gzip\r\n')),
  endlessBody: keepsSaying('HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(16_384)),
  endlessHeaders: keepsSaying('HTTP/1.1 200 OK\r\n', `x-more: ${'x'.repeat(2_000)}\r\n`),
  hugeHeader: says(`HTTP/1.1 200 OK\r\nx-huge: ${'x'.repeat(MIB)}\r\ncontent-length: 0\r\n\r\n`),
  notFound: says('HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno'),
  endlessError: keepsSaying('HTTP/1.1 500 Oh\r\n\r\n', 'x'.repeat(1_024)),
  busy: says('HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n'),
  silentlyBusy: says('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n'),
  limited: says('HTTP/1.1 429 Slow\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n'),
  notModified: says('HTTP/1.1 304 Not Modified\r\n\r\n'),
  redirectLoop: says('HTTP/1.1 307 Here\r\nlocation: /sync\r\ncontent-length: 0\r\n\r\n'),
  badRedirect: says('HTTP/1.1 302 There\r\nlocation: http://[nowhere\r\ncontent-length: 0\r\n\r\n'),
  malformed: says('HTTP/1.1 two hundred\r\nno colon here\r\n\r\n'),
  closeAtOnce: says(''),
  closeInHeaders: says('HTTP/1.1 200 OK\r\ncontent-le'),
  closeInBody: says(unfinished),
  closeInChunk: says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{"uuid":\r\n'),
  resetAtOnce: { when: 'connected', act: (socket) => socket.resetAndDestroy() },
  resetAfterRequest: resets(''),
  resetInHeaders: resets('HTTP/1.1 200 OK\r\ncontent-le'),
  resetInBody: resets(unfinished),
  silence: { act: () => undefined },
  stall: { act: (socket) => socket.write(unfinished) },
  drip: keepsSaying('HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n', '.'),
  earlyHints: keepsSaying('', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'),
  upgrade: { act: (socket) => socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n') },
  upgradeAndMore: says('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
  upgradeToNothing: { act: (socket) => socket.write('HTTP/1.1 101 Switching\r\n\r\n') },
  upgradeToHttp: says('HTTP/1.1 101 Switching\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
  noStatus: says('HTTP/1.1 099 Low\r\ncontent-length: 2\r\n\r\nok'),
  otherProtocol: says('SSH-2.0-OpenSSH_9.6\r\n'),
  badHeader: says('HTTP/1.1 200 OK\r\nx y: z\r\n\r\n'),
  badLength: says('HTTP/1.1 200 OK\r\ncontent-length: 1e1\r\n\r\n0123456789'),
  badChunk: says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n'),
  endlessChunks: says(
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;${'x'.repeat(20_000)}\r\nabcde\r\n0\r\n\r\n`,
  ),
} satisfies Record<string, Fault>;

/** Faults after which there is a reply, and which. */
export const ENDS: readonly [Fault, string, Reply][] = [
  [FAULTS.noContent, '204 without a body', { ok: true, status: 204, body: '' }],
  [FAULTS.noContentButMore, '204 with a body', { ok: true, status: 204, body: '' }],
  [FAULTS.noContentButHttp, '204 and another answer', { ok: true, status: 204, body: '' }],
  [FAULTS.resetContent, '205 with a body', { ok: true, status: 205, body: '' }],
  [FAULTS.resetContentStalls, '205 with a body that never comes', { ok: true, status: 205, body: '' }],
  [FAULTS.resetContentEndless, '205 with a body without end', { ok: true, status: 205, body: '' }],
  [FAULTS.chunked, 'a body in chunks', { ok: true, status: 200, body: 'in chunks' }],
  [FAULTS.untilClose, 'a body that ends with the connection', { ok: true, status: 200, body: 'all of it' }],
  [FAULTS.largest, 'a body of just 64 KiB', { ok: true, status: 200, body: 'x'.repeat(65_536) }],
  [FAULTS.continues, '100 Continue again and again before the answer', { ok: true, status: 204, body: '' }],
  [FAULTS.gzipBomb, 'a body that would unpack to 64 MiB', { ok: false, reason: 'too-large' }],
  [FAULTS.tooLarge, 'a body of a byte more', { ok: false, reason: 'too-large' }],
  [FAULTS.endlessBody, 'a body without end', { ok: false, reason: 'too-large' }],
  [FAULTS.endlessHeaders, 'headers without end', { ok: false, reason: 'too-large' }],
  [FAULTS.hugeHeader, 'a header of 1 MiB', { ok: false, reason: 'too-large' }],
  [FAULTS.notFound, '404', { ok: false, reason: 'http-404' }],
  [FAULTS.endlessError, '500 with a body without end', { ok: false, reason: 'http-500' }],
  [FAULTS.busy, '503 with Retry-After', { ok: false, reason: 'http-503', retryAfterMs: 7_000 }],
  [FAULTS.limited, '429 with Retry-After', { ok: false, reason: 'http-429', retryAfterMs: 9_000 }],
  [FAULTS.silentlyBusy, '503 without Retry-After', { ok: false, reason: 'http-503' }],
  [FAULTS.notModified, '304', { ok: false, reason: 'redirect' }],
  [FAULTS.badRedirect, 'a redirect to nowhere', { ok: false, reason: 'redirect' }],
  [FAULTS.malformed, 'what is not HTTP', { ok: false, reason: 'malformed' }],
  [FAULTS.otherProtocol, 'what is another protocol', { ok: false, reason: 'malformed' }],
  [FAULTS.badHeader, 'a header that is none', { ok: false, reason: 'malformed' }],
  [FAULTS.badLength, 'a length that is none', { ok: false, reason: 'malformed' }],
  [FAULTS.badChunk, 'a chunk that is none', { ok: false, reason: 'malformed' }],
  [FAULTS.endlessChunks, 'a chunk whose extensions are too long', { ok: false, reason: 'too-large' }],
  [FAULTS.noStatus, 'a status below any', { ok: false, reason: 'malformed' }],
  [FAULTS.upgrade, '101, and then nothing', { ok: false, reason: 'http-101' }],
  [FAULTS.upgradeAndMore, '101, and then an answer', { ok: false, reason: 'http-101' }],
  [FAULTS.upgradeToNothing, '101 without saying to what', { ok: false, reason: 'http-101' }],
  [FAULTS.upgradeToHttp, '101 without saying to what, and then an answer', { ok: false, reason: 'http-101' }],
  [FAULTS.closeAtOnce, 'a close instead of an answer', { ok: false, reason: 'reset' }],
  [FAULTS.closeInHeaders, 'a close within the headers', { ok: false, reason: 'reset' }],
  [FAULTS.closeInBody, 'a close within the body', { ok: false, reason: 'reset' }],
  [FAULTS.closeInChunk, 'a close before the last chunk', { ok: false, reason: 'reset' }],
  [FAULTS.resetAtOnce, 'a reset on connecting', { ok: false, reason: 'reset' }],
  [FAULTS.resetAfterRequest, 'a reset instead of an answer', { ok: false, reason: 'reset' }],
  [FAULTS.resetInHeaders, 'a reset within the headers', { ok: false, reason: 'reset' }],
  [FAULTS.resetInBody, 'a reset within the body', { ok: false, reason: 'reset' }],
];

/** Faults that nothing but the deadline ends. */
export const HANGS: readonly [Fault, string][] = [
  [FAULTS.silence, 'silence'],
  [FAULTS.stall, 'a body that stops half way'],
  [FAULTS.drip, 'a body that drips'],
  [FAULTS.earlyHints, 'informational answers without end'],
  [FAULTS.continuesOnly, '100 Continue again and again, and then nothing'],
];
