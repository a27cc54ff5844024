import { networkInterfaces } from 'node:os';
import { classify } from '../domain/ip/address.js';
import type { Family } from '../domain/ip/scope.js';

/** The families of address that this host's interfaces have, beyond loopback and link-local. */
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
