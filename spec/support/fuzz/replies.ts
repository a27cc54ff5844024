import fc, { type Arbitrary } from 'fast-check';
import { anyText } from './inputs.js';
import type { Wire } from './playback.js';

/** The peer that is called; what names somebody else is no answer of its own. */
export const PEER = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';

const STATUS = [
  ...['HTTP/1.1 200 OK', 'HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.0 200 OK', 'HTTP/1.1 201 Made', 'HTTP/1.1 204 None'],
  ...[
    'HTTP/1.1 299 \xff',
    'HTTP/1.1 304 Same',
    'HTTP/1.1 301 There',
    'HTTP/1.1 404 No',
    'HTTP/1.1 429 Slow',
    'HTTP/1.1 503 Busy',
  ],
  ...[
    'HTTP/1.1 000 Zero',
    'HTTP/1.1 099 Low',
    'HTTP/1.1 600 High',
    'HTTP/1.1 999 Higher',
    'HTTP/1.1 1000 More',
    'HTTP/1.1 20 O',
  ],
  ...[
    'HTTP/1.1 100 Go',
    'HTTP/1.1 103 Hints',
    'HTTP/1.1 -200 OK',
    'HTTP/1.1 2e2 OK',
    'HTTP/2 200',
    'HTTP/3.0 200 OK',
    'HTTP/0.9 200 OK',
  ],
  ...[
    'http/1.1 200 ok',
    'ICY 200 OK',
    ' HTTP/1.1 200 OK',
    'HTTP/1.1\t200 OK',
    'POST /sync HTTP/1.1',
    '',
    '\0',
    '\x16\x03\x01\x02',
    'SSH-2.0-x',
  ],
];

const HEADERS = [
  ...[
    'content-length: 0',
    'content-length: 5',
    'content-length: 5, 5',
    'content-length: +5',
    'content-length: 0x5',
    'content-length:',
  ],
  ...[
    'content-length: -1',
    'content-length: 5 5',
    'content-length: 99999999999999999999',
    'Content-Length : 5',
    'content-length: 1e1',
  ],
  ...[
    'transfer-encoding: chunked',
    'transfer-encoding: gzip, chunked',
    'transfer-encoding: chunked, gzip',
    'transfer-encoding: identity',
  ],
  ...[
    'transfer-encoding: CHUNKED',
    'transfer-encoding: chunked, chunked',
    'transfer-encoding:\tchunked',
    'transfer-encoding: xchunked',
  ],
  ...[
    'content-encoding: gzip',
    'content-encoding: br, x',
    'content-type: text/html; charset=utf-16',
    'content-type: \xff',
    'connection: keep-alive',
  ],
  ...[
    'connection: upgrade\r\nupgrade: x',
    'location: /',
    'location: http://[',
    'location: \xe9',
    'retry-after: 7',
    'retry-after: -1',
    'retry-after: 1e9',
  ],
  ...[
    'retry-after: Fri, 99 Foo 2026 99:99:99 GMT',
    'set-cookie: a=b\r\nset-cookie: c=d',
    'trailer: x',
    ' folded: x',
    '\tfolded',
    ': empty',
    'no colon',
  ],
  ...[
    'x-nul: a\0b',
    'x-cr: a\rb',
    'x-lf: a\nb',
    'x y: z',
    '__proto__: x',
    'constructor: x',
    `x-long: ${'x'.repeat(20_000)}`,
    'x-é: é',
    'keep-alive: timeout=0',
  ],
];

const OTHER = '00000000-0000-4000-8000-000000000000';

const BODIES = [
  ...[
    '',
    '{}',
    'null',
    'true',
    '[]',
    '""',
    '<html>',
    '{"uuid":',
    '\ufeff{}',
    '\0',
    '{"uuid":null}',
    '{"uuid":1}',
    '{"uuid":[]}',
    '{"uuid":{}}',
  ],
  ...[
    `{"uuid":"${PEER}"}`,
    `{"uuid":"${PEER.toUpperCase()}"}`,
    `\ufeff{"uuid":"${OTHER}"}`,
    ` {"uuid":"${PEER} "}`,
    `"${PEER}"`,
    `["${OTHER}"]`,
  ],
  ...[
    `{"uuid":"${OTHER}"}`,
    `{"uuid":"${PEER}","uuid":"${OTHER}"}`,
    `{"uuid":"${OTHER}","uuid":"${PEER}"}`,
    `{"__proto__":{"uuid":"${OTHER}"}}`,
  ],
  ...[
    `{"\\u0075uid":"${OTHER}"}`,
    `{"UUID":"${OTHER}"}`,
    `{"uuid":""}`,
    `{"uuid":"\\ud800"}`,
    `{"uuid":"${OTHER}"`,
    `{"uuid":"${OTHER}"}x`,
  ],
  ...[
    '['.repeat(30_000),
    '{"uuid":'.repeat(5_000),
    '1'.repeat(65_536),
    '1'.repeat(65_537),
    `{"uuid":"${'x'.repeat(60_000)}"}`,
  ],
];

type Frame = (body: string) => string;

/** How a body is framed rightly… */
const RIGHT: readonly Frame[] = [
  (body) => `content-length: ${body.length}\r\n\r\n${body}`,
  (body) => `\r\n${body}`,
  (body) => chunked(inHalves(body), '0\r\n\r\n'),
  (body) => chunked(inHalves(body), '0\r\nx-trailer: 1\r\n\r\n'),
];

/** …and by lies of every kind. */
const WRONG: readonly Frame[] = [
  (body) => `content-length: ${body.length}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  (body) => `content-length: ${body.length + 1}\r\n\r\n${body}`,
  (body) => `content-length: ${body.length * 2 + 70_000}\r\n\r\n${body}`,
  (body) => `content-length: ${Math.max(0, body.length - 1)}\r\n\r\n${body}`,
  (body) => `content-length: ${body.length}\r\ntransfer-encoding: chunked\r\n\r\n${body}`,
  (body) => `connection: keep-alive\r\ncontent-length: ${body.length}\r\n\r\n${body}HTTP/1.1 200 OK\r\n\r\n`,
  (body) => chunked(inHalves(body), '0;last\r\n\r\n'),
  (body) => chunked(inHalves(body), '000000\r\n\r\n'),
  (body) => chunked(inHalves(body), ''),
  (body) => chunked(inHalves(body), '0'),
  (body) => chunked(inHalves(body), '0\r\n'),
  (body) => chunked(inHalves(body), '0\n\n'),
  (body) => chunked(inHalves(body), 'ffffffffffffffffff\r\n'),
  (body) => chunked(inHalves(body), '-1\r\n\r\n'),
  (body) => chunked(inHalves(body), '0x0\r\n\r\n'),
  (body) => chunked(inHalves(body), `5;${'x'.repeat(20_000)}\r\nabcde\r\n0\r\n\r\n`),
];

function inHalves(body: string): readonly string[] {
  const half = Math.floor(body.length / 2);
  return [body.slice(0, half), body.slice(half)].filter((part) => part !== '');
}

function chunked(parts: readonly string[], end: string): string {
  const chunks = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
  return `transfer-encoding: chunked\r\n\r\n${chunks.join('')}${end}`;
}

const status$ = fc.oneof(
  { weight: 9, arbitrary: fc.constant('HTTP/1.1 200 OK') },
  { weight: 3, arbitrary: fc.constantFrom(...STATUS) },
);
const headers$ = fc.array(
  fc.oneof({ weight: 9, arbitrary: fc.constant('x-fine: yes') }, { weight: 3, arbitrary: fc.constantFrom(...HEADERS) }),
  { maxLength: 3 },
);
const body$ = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...BODIES) },
  { weight: 1, arbitrary: fc.json().map((json) => `{"uuid":${json}}`) },
  { weight: 1, arbitrary: anyText(100) },
);

const reply$ = fc
  .tuple(
    status$,
    headers$,
    fc.oneof(fc.constantFrom(...RIGHT), fc.constantFrom(...WRONG)),
    body$,
    fc.constantFrom('', '', '', 'HTTP/1.1 103 Early\r\nx: y\r\n\r\n'),
  )
  .map(([status, headers, frame, body, before]) => {
    const bytes = Buffer.from(body).toString('latin1');
    return Buffer.from(before + [status, ...headers, frame(bytes)].join('\r\n'), 'latin1');
  });

/** A few bytes taken out, put in or cut off. */
const damaged$ = fc
  .tuple(reply$, fc.nat(400), fc.nat(8), fc.uint8Array({ maxLength: 4 }), fc.boolean())
  .map(([reply, at, drop, put, cut]) => {
    const head = reply.subarray(0, at % (reply.length + 1));
    return cut ? head : Buffer.concat([head, put, reply.subarray((at % (reply.length + 1)) + drop)]);
  });

/** The bytes that a peer may send for a reply, and how it ends the connection then. */
export const wire$: Arbitrary<Wire> = fc.record({
  bytes: fc.oneof(
    { weight: 4, arbitrary: reply$ },
    { weight: 3, arbitrary: damaged$ },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  ),
  end: fc.constantFrom('close', 'close', 'close', 'reset'),
  split: fc.nat(300),
});
