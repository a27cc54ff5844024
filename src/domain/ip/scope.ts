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

/** The families of a host's interface addresses: of loopback ones, and of those beyond loopback and link-local. */
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

/** The scope for which the public-IP poll is evidence. */
export function publicScope(family: 'ipv4' | 'ipv6'): Scope {
  return family === 'ipv4' ? 'public IPv4' : 'public IPv6';
}

/** Whether the silence of so many peers is evidence about our own line. One peer alone is not. */
export function isLineEvidence(peers: number): boolean {
  return peers >= 2;
}
