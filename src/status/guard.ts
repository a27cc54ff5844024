import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import type { Config } from '../config/config.js';
import { quoted } from '../domain/text/printable.js';

/** A refused request, with the answer. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The requested host name, if it is the reason. */
  readonly host?: string;
}

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** A request that may be served. */
export interface Admitted {
  /** The path and the query below the base path, with a leading slash. */
  readonly path: string;
  /** Whether the request has the token, if one is required. */
  readonly trusted: boolean;
}

const MAX_URL = 2_048;
/** Maximum length of an unknown name that is quoted. */
const MAX_NAME = 100;
/** The paths of probes, which send no token. */
const PROBE_PATHS: readonly string[] = ['/healthz', '/readyz'];

/** Decides about a request before any other processing: method, length, host, base path, token. */
export function admit(
  { method, url: target, headers }: RequestHead,
  { host, token, allowedHosts, basePath }: Pick<Config['status'], 'host' | 'token' | 'allowedHosts' | 'basePath'>,
  hostName: string,
): Admitted | Refusal {
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, text: 'only GET and HEAD are served here', headers: { allow: 'GET, HEAD' } };
  }
  if (target.length > MAX_URL) return { status: 414, text: `the URL is longer than ${String(MAX_URL)} characters` };
  const { url, authority = headers.host ?? '' } = partsOf(target);
  if (!url.startsWith('/')) return { status: 400, text: 'expected a path' };
  const name = nameIn(authority);
  if (name === undefined) return { status: 421, text: 'expected a host name or an IP address in the Host header' };
  if (!isOwnName(name, [host, hostName, ...allowedHosts])) {
    const head = name.slice(0, MAX_NAME);
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
  if (!trusted && !PROBE_PATHS.includes(path.split('?', 1).join(''))) {
    return {
      status: 401,
      text: 'a token is needed: as Bearer, or as the password of Basic (status.token)',
      headers: { 'www-authenticate': 'Basic realm="consumer-scheduler", charset="UTF-8"' },
    };
  }
  return { path, trusted };
}

/** A request target may be an absolute URL, whose host then replaces that of the Host header (RFC 9112 §3.2.2). */
function partsOf(target: string): { readonly url: string; readonly authority?: string } {
  const [, authority, rest = ''] = /^https?:\/\/([^/?]*)(.*)$/is.exec(target) ?? [];
  if (authority === undefined) return { url: target };
  return { url: rest.startsWith('/') ? rest : `/${rest}`, authority };
}

/** The base path without a trailing slash. */
export function baseOf(basePath: string): string {
  return basePath.replace(/\/$/, '');
}

export function isRefusal(found: Admitted | Refusal): found is Refusal {
  return 'status' in found;
}

/** The host without its port, in lower case, and without the brackets of an IPv6 literal; undefined if missing. */
function nameIn(host: string): string | undefined {
  const [, literal, name = ''] = /^(?:\[([^\]]*)\]|([^:]+))(?::\d*)?$/.exec(host.toLowerCase()) ?? [];
  if (literal !== undefined) return isIPv6(literal) ? literal : undefined;
  return name === '' ? undefined : withoutDot(name);
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '');
}

/**
 * A foreign page can make its own name resolve to this server (DNS rebinding), but it cannot use one of these names.
 */
function isOwnName(name: string, known: readonly string[]): boolean {
  return isIP(name) !== 0 || name === 'localhost' || known.some((one) => withoutDot(one.toLowerCase()) === name);
}

function isGiven(authorization: string | undefined, token: string): boolean {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return isSame(value, token);
  if (scheme.toLowerCase() !== 'basic') return false;
  const login = Buffer.from(value, 'base64').toString();
  return isSame(login.slice(login.indexOf(':') + 1), token);
}

/** Compares in constant time: only the digests are compared. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
