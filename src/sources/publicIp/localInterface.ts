import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { AddressClass } from '../../domain/ip/address.js';
import { parseIpAnswer } from '../../domain/ip/answer.js';
import { chooseAddress, readFlags } from '../../domain/ip/localAddress.js';
import type { IpSource } from '../../domain/ip/source.js';
import type { Family } from './library.js';

/** Where Linux says more of IPv6 addresses than Node does; other systems have no such file. */
const FLAGS = '/proc/net/if_inet6';

/** The address of a local interface, for hosts that carry their public one themselves (most VPSs). */
export function interfaceSource(name: string, family: Family, allow: readonly AddressClass[]): IpSource {
  return {
    name: `interface ${name}`,
    remote: false,
    lookup: async (_, known) => {
      const flags = family === 'ipv6' ? await readFile(FLAGS, 'latin1').catch(() => '') : '';
      try {
        const own = (networkInterfaces()[name] ?? []).flatMap(({ address }) => {
          const ip = parseIpAnswer(address, family, allow);
          return ip === undefined ? [] : [ip];
        });
        const ip = chooseAddress(own, readFlags(flags, name), known);
        return ip === undefined ? { ok: false, reason: 'address-invalid' } : { ok: true, ip };
      } catch {
        // Where a sandbox forbids AF_NETLINK.
        return { ok: false, reason: 'other' };
      }
    },
  };
}
