import { networkInterfaces } from 'node:os';
import { classify } from '../domain/ip/address.js';
import type { Family } from '../domain/ip/scope.js';

/** The address families of the interfaces of this host, except loopback and link-local addresses. */
export function interfaceFamilies(): ReadonlySet<Family> {
  const families = new Set<Family>();
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address, family } of addresses ?? []) {
      const read = classify(address.replace(/%.*$/, ''));
      if (read.ok && read.class !== 'loopback' && !isLinkLocal(address))
        families.add(family === 'IPv6' ? 'IPv6' : 'IPv4');
    }
  }
  return families;
}

function isLinkLocal(address: string): boolean {
  return address.startsWith('169.254.') || /^fe[89ab]/i.test(address);
}
