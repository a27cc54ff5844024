import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import fetch, { type Response } from 'node-fetch';
import { checkAddress, type AddressClass } from '../../domain/ip/address.js';
import { parseIpAnswer } from '../../domain/ip/answer.js';
import { loginOf, withoutLogin } from '../../clients/login.js';
import { failureBehind, withErrorReports } from '../../clients/withErrorReports.js';
import { failureOf } from '../../domain/call/failure.js';
import type { IpAnswer, IpSource } from '../../domain/ip/source.js';
import { retryAfterMs } from '../../domain/call/retryAfter.js';
import type { Family } from './library.js';

/** Far more than an address needs. */
const MAX_BODY = 4_096;

interface UrlSettings {
  readonly family: Family;
  /** The address classes that may be called, for a URL with an IP literal. */
  readonly allow: readonly AddressClass[];
  readonly userAgent: string;
}

/**
 * A web service that answers with our address, as plain text or JSON. The call uses the wanted family, because most
 * services answer with the source address of the call. Redirects are not followed.
 */
export function urlSource(url: string, { family, allow, userAgent }: UrlSettings): IpSource {
  const parsed = new URL(url);
  const { host, hostname } = parsed;
  const [target, login] = [withoutLogin(parsed), loginOf(parsed)];
  const denied = isLiteral(hostname) && !checkAddress(hostname.replace(/^\[|\]$/g, ''), allow).ok;
  const options = { keepAlive: false, family: family === 'ipv4' ? 4 : 6 };
  const agent = parsed.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  return {
    name: host,
    remote: true,
    lookup: async (signal): Promise<IpAnswer> => {
      if (denied) return { ok: false, reason: 'address-denied' };
      let fault: Error | undefined;
      try {
        const response = await fetch(target, {
          redirect: 'manual',
          size: MAX_BODY,
          agent: withErrorReports(agent, (error) => (fault = error)),
          signal,
          headers: {
            ...login,
            accept: 'text/plain, application/json;q=0.9',
            'user-agent': userAgent,
          },
        });
        if (!response.ok) return refusal(response);
        const body = await response.text();
        return fault === undefined ? addressIn(body, family) : { ok: false, reason: failureOf(fault).reason };
      } catch (error) {
        return { ok: false, reason: failureBehind(error, fault).reason };
      }
    },
  };
}

function addressIn(body: string, family: Family): IpAnswer {
  const ip = parseIpAnswer(body, family);
  return ip === undefined ? { ok: false, reason: 'address-invalid' } : { ok: true, ip };
}

function refusal(response: Response): IpAnswer {
  const { status } = response;
  // An unread body would keep the socket open.
  (response.body as Readable | null)?.destroy();
  const reason = status >= 300 && status < 400 ? 'redirect' : (`http-${status}` as const);
  const waitMs =
    status === 429 || status === 503 ? retryAfterMs(response.headers.get('retry-after'), Date.now()) : undefined;
  return { ok: false, reason, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
}

function isLiteral(hostname: string): boolean {
  return hostname.startsWith('[') || isIP(hostname) !== 0;
}
