import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import fetch, { type Response } from 'node-fetch';
import { failureOf } from '../domain/call/failure.js';
import type { PostJson, Reply } from '../domain/call/http.js';
import { retryAfterMs } from '../domain/call/retryAfter.js';
import { failureBehind, overheard } from './overheard.js';

/** A longer body is no answer, in bytes. */
const MAX_BODY = 65_536;

/** These are complete with their headers, whatever follows (RFC 9110 §15.3.5 and §15.3.6). */
const BODILESS: readonly number[] = [204, 205];

export interface ClientOptions {
  readonly userAgent: string;
  /** For https peers, in PEM: whom to trust instead of the system's authorities, and who we are. */
  readonly tls: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
  };
}

/** The HTTP client on node-fetch. Peers are called once a minute, so no socket is kept for the next time. */
export function nodeFetchClient({ userAgent, tls }: ClientOptions): PostJson {
  const http = new HttpAgent({ keepAlive: false });
  const https = new HttpsAgent({ keepAlive: false, ...tls });
  const fixed = {
    'content-type': 'application/json',
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': userAgent,
  };
  return async ({ url, body, headers }, signal) => {
    let fault: Error | undefined;
    // node-fetch would throw where nobody can catch it: into the stream that it has made of the body.
    if (signal.aborted) return { ok: false, reason: 'aborted' };
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: { ...headers, ...fixed },
        redirect: 'manual',
        size: MAX_BODY,
        // Nothing is unpacked, so nothing small can turn out large.
        compress: false,
        agent: ({ protocol }) => overheard(protocol === 'https:' ? https : http, (error) => (fault = error)),
        signal,
      });
      const { status } = response;
      if (!response.ok) return refusal(response);
      if (BODILESS.includes(status)) {
        discard(response);
        return { ok: true, status, body: '' };
      }
      const text = await response.text();
      return fault === undefined ? { ok: true, status, body: text } : { ok: false, ...failureOf(fault) };
    } catch (error) {
      return { ok: false, ...failureBehind(error, fault) };
    }
  };
}

function refusal(response: Response): Reply {
  const { status, headers } = response;
  discard(response);
  if (status < 100) return { ok: false, reason: 'malformed' };
  if (status >= 300 && status < 400) return { ok: false, reason: 'redirect' };
  const waitMs = status === 429 || status === 503 ? retryAfterMs(headers.get('retry-after'), Date.now()) : undefined;
  return { ok: false, reason: `http-${status}`, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
}

/** A body that is nothing to us would hold the socket, unread. */
function discard(response: Response): void {
  (response.body as Readable | null)?.destroy();
}
