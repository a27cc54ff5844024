import type { Family, HostAddresses } from '#src/domain/ip/scope.js';

/** The addresses of a host with these families beyond loopback; it has both loopback addresses unless one is missing. */
export function hostWith(beyond: readonly Family[], loopback: readonly Family[] = ['IPv4', 'IPv6']): HostAddresses {
  return { loopback: new Set(loopback), beyond: new Set(beyond) };
}
