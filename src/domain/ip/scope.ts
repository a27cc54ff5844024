/** How far an answer testifies: an address family together with a class of address. */
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

/** The families that a host's interfaces have an address of: a loopback one, and one beyond loopback and link-local. */
export interface HostAddresses {
  readonly loopback: ReadonlySet<Family>;
  readonly beyond: ReadonlySet<Family>;
}

const IPV6: ReadonlySet<Scope> = new Set(['public IPv6', 'ULA', 'loopback IPv6']);

export function familyOf(scope: Scope): Family {
  return IPV6.has(scope) ? 'IPv6' : 'IPv4';
}

export function isLoopback(scope: Scope): boolean {
  return scope === 'loopback IPv4' || scope === 'loopback IPv6';
}

/** The scope that the public-IP poll testifies for. */
export function publicScope(family: 'ipv4' | 'ipv6'): Scope {
  return family === 'ipv4' ? 'public IPv4' : 'public IPv6';
}

/** Whether the silence of a scope with so many peers says something of our own line: that of one peer alone does not. */
export function saysOfLine(peers: number): boolean {
  return peers >= 2;
}
