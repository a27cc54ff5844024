/** The scopes for which an answer is evidence: an address family together with an address class. */
export const SCOPES = [
  'public IPv4',
  'RFC 1918',
  'CGNAT',
  'loopback IPv4',
  'public IPv6',
  'ULA',
  'loopback IPv6',
] as const;

export type Scope = (typeof SCOPES)[number];

export type Family = 'IPv4' | 'IPv6';

const IPV6: ReadonlySet<Scope> = new Set(['public IPv6', 'ULA', 'loopback IPv6']);

export function familyOf(scope: Scope): Family {
  return IPV6.has(scope) ? 'IPv6' : 'IPv4';
}

/** The scope for which the public-IP poll is evidence. */
export function publicScope(family: 'ipv4' | 'ipv6'): Scope {
  return family === 'ipv4' ? 'public IPv4' : 'public IPv6';
}
