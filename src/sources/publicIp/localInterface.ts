import { networkInterfaces } from 'node:os';
import type { AddressClass } from '../../domain/ip/address.js';
import { parseIpAnswer } from '../../domain/ip/answer.js';
import type { IpSource } from '../../domain/ip/source.js';
import type { Family } from './library.js';

/** The address of a local interface, for hosts that carry their public one themselves (most VPSs). */
export function interfaceSource(name: string, family: Family, allow: readonly AddressClass[]): IpSource {
  return {
    name: `interface ${name}`,
    remote: false,
    lookup: () => {
      const own = networkInterfaces()[name] ?? [];
      const usable = own.map(({ address }) => parseIpAnswer(address, family, allow)).find((ip) => ip !== undefined);
      return Promise.resolve(
        usable === undefined ? { ok: false, reason: 'address-invalid' } : { ok: true, ip: usable },
      );
    },
  };
}
