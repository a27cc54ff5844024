import { networkInterfaces } from 'node:os';
import { classify } from '../domain/ip/address.js';
import type { Family, HostAddresses } from '../domain/ip/scope.js';

/** The address families of the interfaces of this host. Link-local addresses are left out. */
export function interfaceFamilies(): HostAddresses {
  const loopback = new Set<Family>();
  const beyond = new Set<Family>();
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address, family } of addresses ?? []) {
      const read = classify(address.replace(/%.*$/, ''));
      if (!read.ok || isLinkLocal(address)) continue;
      (read.class === 'loopback' ? loopback : beyond).add(family === 'IPv6' ? 'IPv6' : 'IPv4');
    }
  }
  return { loopback, beyond };
}

function isLinkLocal(address: string): boolean {
  return address.startsWith('169.254.') || /^fe[89ab]/i.test(address);
}
