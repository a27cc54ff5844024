import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import fetch, { type Response } from 'node-fetch';
import { failureOf } from '../domain/call/failure.js';
import type { PostJson } from '../domain/call/http.js';
import { fixedHeaders, isBodiless, MAX_BODY, refusal, type ClientOptions } from './httpClient.js';
import { failureBehind, withErrorReports } from './withErrorReports.js';

/** The HTTP client based on node-fetch. Peers are called once a minute, so no socket is kept. */
export function nodeFetchClient({ userAgent, tls }: ClientOptions): PostJson {
  const http = new HttpAgent({ keepAlive: false });
  const https = new HttpsAgent({ keepAlive: false, ...tls });
  const fixed = fixedHeaders(userAgent);
  return async ({ url, body, headers }, signal) => {
    let fault: Error | undefined;
    // With an aborted signal, node-fetch would throw into the stream of the body, where the error cannot be caught.
    if (signal.aborted) return { ok: false, reason: 'aborted' };
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: { ...headers, ...fixed },
        redirect: 'manual',
        size: MAX_BODY,
        compress: false,
        agent: ({ protocol }) => withErrorReports(protocol === 'https:' ? https : http, (error) => (fault = error)),
        signal,
      });
      const { status } = response;
      if (!response.ok) {
        discard(response);
        return refusal(status, () => response.headers.get('retry-after'));
      }
      if (isBodiless(status)) {
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

/** An unread body would keep the socket open. */
export function discard(response: Response): void {
  (response.body as Readable | null)?.destroy();
}
