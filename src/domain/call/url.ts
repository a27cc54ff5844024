export interface UrlParts {
  readonly scheme: 'http' | 'https';
  /** A canonical address literal. */
  readonly ip: string;
  readonly port: number;
  /** Begins with a slash. */
  readonly path: string;
}

/**
 * The URL of a peer. IPv6 literals are in brackets (RFC 3986 §3.2.2), and the default port of the scheme is left
 * out.
 */
export function peerUrl({ scheme, ip, port, path }: UrlParts): string {
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const own = scheme === 'http' ? 80 : 443;
  return `${scheme}://${host}${port === own ? '' : `:${String(port)}`}${path}`;
}
