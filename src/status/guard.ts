import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import type { Config } from '../config/config.js';
import { quoted } from '../domain/text/printable.js';

/** A request that is not served, and how that is said. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The name under which we were asked, where that is why. */
  readonly host?: string;
}

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** A request that may be served. */
export interface Admitted {
  /** The path and the query under the base path, with a slash in front. */
  readonly path: string;
  /** Whether the token was given, where one is needed. */
  readonly trusted: boolean;
}

const LONGEST_URL = 2_048;
/** So much of a strange name is repeated. */
const LONGEST_NAME = 100;
/** What probes ask; they know no token. */
const OPEN: readonly string[] = ['/healthz', '/readyz'];

/** Decides on a request before anything of it is looked at: method, length, host, base path, token. */
export function admit(
  { method, url: target, headers }: Asked,
  { host, token, allowedHosts, basePath }: Pick<Config['status'], 'host' | 'token' | 'allowedHosts' | 'basePath'>,
  hostName: string,
): Admitted | Refusal {
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, text: 'only GET and HEAD are served here', headers: { allow: 'GET, HEAD' } };
  }
  if (target.length > LONGEST_URL)
    return { status: 414, text: `the URL is longer than ${String(LONGEST_URL)} characters` };
  const { url, authority = headers.host ?? '' } = partsOf(target);
  if (!url.startsWith('/')) return { status: 400, text: 'expected a path' };
  const name = nameIn(authority);
  if (name === undefined) return { status: 421, text: 'expected a host name or an IP address in the Host header' };
  if (!isOurs(name, [host, hostName, ...allowedHosts])) {
    const head = name.slice(0, LONGEST_NAME);
    return {
      status: 421,
      text: `this server is not known as ${quoted(head)}: add that name to status.allowedHosts`,
      host: head,
    };
  }
  const base = baseOf(basePath);
  const [asked = '', query] = /^([^?]*)(.*)$/s.exec(url)?.slice(1) ?? [];
  if (base !== '' && asked === base) return { status: 308, text: '', headers: { location: `${base}/${query ?? ''}` } };
  if (!url.startsWith(`${base}/`)) return { status: 404, text: 'nothing is served here' };
  const path = url.slice(base.length);
  const trusted = token === undefined || isGiven(headers.authorization, token);
  if (!trusted && !OPEN.includes(path.split('?', 1).join(''))) {
    return {
      status: 401,
      text: 'a token is needed: as Bearer, or as the password of Basic (status.token)',
      headers: { 'www-authenticate': 'Basic realm="consumer-scheduler", charset="UTF-8"' },
    };
  }
  return { path, trusted };
}

/** A target may be a whole URL, whose host counts instead of the header's (RFC 9112 §3.2.2). */
function partsOf(target: string): { readonly url: string; readonly authority?: string } {
  const [, authority, rest = ''] = /^https?:\/\/([^/?]*)(.*)$/is.exec(target) ?? [];
  if (authority === undefined) return { url: target };
  return { url: rest.startsWith('/') ? rest : `/${rest}`, authority };
}

/** The base path without a slash at its end. */
export function baseOf(basePath: string): string {
  return basePath.replace(/\/$/, '');
}

export function isRefusal(found: Admitted | Refusal): found is Refusal {
  return 'status' in found;
}

/** The host without its port, in lower case, an IPv6 literal without its brackets; undefined where there is none. */
function nameIn(host: string): string | undefined {
  const [, literal, name = ''] = /^(?:\[([^\]]*)\]|([^:]+))(?::\d*)?$/.exec(host.toLowerCase()) ?? [];
  if (literal !== undefined) return isIPv6(literal) ? literal : undefined;
  return name === '' ? undefined : withoutDot(name);
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '');
}

/** A page elsewhere can make its own name point here (DNS rebinding), but never one of these. */
function isOurs(name: string, known: readonly string[]): boolean {
  return isIP(name) !== 0 || name === 'localhost' || known.some((one) => withoutDot(one.toLowerCase()) === name);
}

function isGiven(authorization: string | undefined, token: string): boolean {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return isSame(value, token);
  if (scheme.toLowerCase() !== 'basic') return false;
  const login = Buffer.from(value, 'base64').toString();
  return isSame(login.slice(login.indexOf(':') + 1), token);
}

/** Takes the same time whatever differs: of both only the digests are compared. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
