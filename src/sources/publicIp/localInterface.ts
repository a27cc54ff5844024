import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { AddressClass } from '../../domain/ip/address.js';
import { parseIpAnswer } from '../../domain/ip/answer.js';
import { chooseAddress, readFlags } from '../../domain/ip/localAddress.js';
import type { IpSource } from '../../domain/ip/source.js';
import type { Family } from './library.js';

/** On Linux this file has IPv6 address flags that Node does not report. Other systems do not have it. */
const FLAGS = '/proc/net/if_inet6';

/** The address of a local interface, for hosts with a public address of their own (most VPSs). */
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
        // A sandbox may forbid AF_NETLINK.
        return { ok: false, reason: 'other' };
      }
    },
  };
}
