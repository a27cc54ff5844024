import type { Reply } from '../domain/call/http.js';
import { retryAfterMs } from '../domain/call/retryAfter.js';

/** The common part of the two HTTP clients. Peers and verdicts must not depend on which one is used. */

export interface ClientOptions {
  readonly userAgent: string;
  /** For https peers, in PEM: the authorities to trust instead of those of the system, and our own certificate. */
  readonly tls: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
  };
}

/** Maximum size of a body in bytes. A longer body is a failure. */
export const MAX_BODY = 65_536;

/** Sent with every call, whatever is configured. Compression is off, so a small answer cannot expand to a large one. */
export function fixedHeaders(userAgent: string): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': userAgent,
  };
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Whether an answer is complete with its headers (RFC 9110 §15.3.5 and §15.3.6). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 205;
}

/** The failure for a status that is no success. `retryAfter` reads the header of that name. */
export function refusal(status: number, retryAfter: () => string | null): Reply {
  if (status < 100) return { ok: false, reason: 'malformed' };
  if (status >= 300 && status < 400) return { ok: false, reason: 'redirect' };
  const waitMs = status === 429 || status === 503 ? retryAfterMs(retryAfter(), Date.now()) : undefined;
  return { ok: false, reason: `http-${status}`, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
}
