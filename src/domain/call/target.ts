import { isIPv4 } from 'node:net';

/** The parts of a URL that a call needs. */
export interface Target {
  readonly secure: boolean;
  /** The value of the `host` header. */
  readonly authority: string;
  /** The host to connect to, an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The path with the query. */
  readonly path: string;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/**
 * A URL with an IPv4 address that the URL parser of Node would return unchanged: no default port, none above 64999, and
 * no character in the path that it would encode or remove.
 */
const SIMPLE = /^http:\/\/((\d+\.\d+\.\d+\.\d+)(?::(?!80\/)([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}))?)(\/[\w/-]*)$/;

/**
 * Splits a URL of http or https. Nearly all calls have a simple URL, and this match costs a quarter of the URL parser.
 *
 * @throws TypeError if the text is no URL.
 */
export function targetOf(url: string): Target {
  const [, authority = '', ip = '', port, path = ''] = SIMPLE.exec(url) ?? [];
  if (isIPv4(ip)) return { secure: false, authority, host: ip, port: Number(port ?? HTTP_PORT), path };
  return parsed(new URL(url));
}

function parsed({ protocol, host, hostname, port, pathname, search }: URL): Target {
  const secure = protocol === 'https:';
  return {
    secure,
    authority: host,
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? (secure ? HTTPS_PORT : HTTP_PORT) : Number(port),
    path: pathname + search,
  };
}
