import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import fetch from 'node-fetch';
import type { Reply } from '../domain/call/http.js';
import { refusal } from './httpClient.js';
import { loginOf, withoutLogin } from './login.js';
import { discard } from './nodeFetch.js';
import { failureBehind, withErrorReports } from './withErrorReports.js';

/** A call to a receiver that the operator has configured, at any address. */
export interface HookRequest {
  readonly url: string;
  /** A JSON text to post. Without it the call is a GET. */
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Never rejects, and its result never contains the URL. */
export type SendHook = (request: HookRequest, signal: AbortSignal) => Promise<Reply>;

/**
 * The client for webhooks. Only the status counts, because a receiver that answered 2xx has the message; a retry
 * after an incomplete answer would deliver everything twice. Redirects are not followed.
 */
export function webhookClient(userAgent: string): SendHook {
  const http = new HttpAgent({ keepAlive: false });
  const https = new HttpsAgent({ keepAlive: false });
  return async ({ url, body, headers }, signal) => {
    let fault: Error | undefined;
    try {
      const target = new URL(url);
      const response = await fetch(withoutLogin(target), {
        ...(body === undefined ? {} : { method: 'POST', body }),
        headers: {
          ...loginOf(target),
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          accept: '*/*',
          'user-agent': userAgent,
        },
        redirect: 'manual',
        compress: false,
        agent: ({ protocol }) => withErrorReports(protocol === 'https:' ? https : http, (error) => (fault = error)),
        signal,
      });
      discard(response);
      const { ok, status } = response;
      return ok ? { ok, status, body: '' } : refusal(status, () => response.headers.get('retry-after'));
    } catch (error) {
      return { ok: false, ...failureBehind(error, fault) };
    }
  };
}
