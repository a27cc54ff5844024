import { request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { failureOf } from '../domain/call/failure.js';
import type { PostJson, PostRequest, Reply } from '../domain/call/http.js';
import { targetOf } from '../domain/call/target.js';
import { fixedHeaders, isBodiless, isSuccess, MAX_BODY, refusal, type ClientOptions } from './httpClient.js';

const ABORTED: Reply = { ok: false, reason: 'aborted' };
const TOO_LARGE: Reply = { ok: false, reason: 'too-large' };
/** The peer has switched to another protocol, so no other answer will follow. */
const SWITCHED: Reply = { ok: false, reason: 'http-101' };

/** Decodes as the Fetch standard does: removes a byte order mark, and replaces invalid UTF-8. */
const utf8 = new TextDecoder();

type Start = (request: PostRequest) => ClientRequest;

/**
 * The HTTP client on top of that of Node, for large nodes. The extra work of node-fetch is the larger part of the
 * cost of a call.
 */
export function nativeClient({ userAgent, tls }: ClientOptions): PostJson {
  const start = starter(fixedHeaders(userAgent), new HttpsAgent({ keepAlive: false, ...tls }));
  return (request, signal) => {
    if (signal.aborted) return Promise.resolve(ABORTED);
    return new Promise((resolve) => {
      let call: ClientRequest | undefined;
      const settle = (reply: Reply): void => {
        signal.removeEventListener('abort', abort);
        resolve(reply);
      };
      const giveUp = (reply: Reply): void => {
        settle(reply);
        call?.destroy();
      };
      const abort = (): void => {
        giveUp(ABORTED);
      };
      signal.addEventListener('abort', abort);
      try {
        call = start(request);
        listen(call, settle, giveUp);
        call.end(request.body);
      } catch (error) {
        giveUp({ ok: false, ...failureOf(error) });
      }
    });
  };
}

/** `settle` accepts only the first reply; `giveUp` also closes the socket. */
function listen(call: ClientRequest, settle: (reply: Reply) => void, giveUp: (reply: Reply) => void): void {
  call.on('error', (error) => {
    settle({ ok: false, ...failureOf(error) });
  });
  call.on('upgrade', (_: IncomingMessage, socket: Duplex) => {
    // Node has already detached the socket from the request.
    socket.destroy();
    settle(SWITCHED);
  });
  // Node treats a 101 without an upgrade target as an interim response.
  call.on('information', ({ statusCode }) => {
    if (statusCode === 101) giveUp(SWITCHED);
  });
  call.on('response', (response) => {
    const { statusCode: status = 0 } = response;
    if (!isSuccess(status)) giveUp(refusal(status, () => retryAfterOf(response)));
    else if (isBodiless(status)) giveUp({ ok: true, status, body: '' });
    else read(response, status, settle, giveUp);
  });
}

function read(
  response: IncomingMessage,
  status: number,
  settle: (reply: Reply) => void,
  giveUp: (reply: Reply) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY) giveUp(TOO_LARGE);
    else chunks.push(chunk);
  });
  response.on('end', () => {
    settle({ ok: true, status, body: textOf(chunks) });
  });
  // If the body is not valid HTTP, the request has already emitted the error.
  response.on('error', (error) => {
    settle({ ok: false, ...failureOf(error) });
  });
}

function textOf(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  if (first === undefined) return '';
  return utf8.decode(chunks.length === 1 ? first : Buffer.concat(chunks));
}

/** A repeated header must be invalid, as with fetch. The `headers` of Node would return the first one. */
function retryAfterOf({ headersDistinct }: IncomingMessage): string | null {
  return headersDistinct['retry-after']?.join(', ') ?? null;
}

/**
 * The options that Node adds to each socket. Where they are missing, V8 makes four hidden classes for each socket in its
 * old generation (`--log-maps` shows them), which is more garbage there than all else of a call.
 */
const ADDED_BY_NODE = { allowHalfOpen: false, emitClose: false, autoDestroy: true, decodeStrings: false };

/** A plain connection needs no agent, because sockets are neither limited nor kept. */
const dial: RequestOptions['createConnection'] = ({ host, port }) =>
  connect({ host: host ?? '', port: Number(port), ...ADDED_BY_NODE });

/**
 * Headers are passed as a list, which Node writes unchanged, so the list must contain all headers that HTTP
 * requires.
 */
function starter(fixed: Readonly<Record<string, string>>, agent: HttpsAgent): Start {
  const own = Object.entries(fixed).flat();
  return ({ url, body, headers: further }) => {
    const { secure, authority, host, port, path } = targetOf(url);
    const length = String(Buffer.byteLength(body));
    const headers = ['host', authority, 'connection', 'close', 'content-length', length, ...own];
    for (const [name, value] of Object.entries(further)) headers.push(name, value);
    // Not spread: that makes new hidden classes as well.
    if (secure) return httpsRequest({ method: 'POST', host, port, path, headers, agent });
    return httpRequest({ method: 'POST', host, port, path, headers, protocol: 'http:', createConnection: dial });
  };
}
