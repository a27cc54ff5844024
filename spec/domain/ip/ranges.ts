import { BlockList } from 'node:net';
import fc, { type Arbitrary } from 'fast-check';
import type { AddressClass } from '#src/domain/ip/address.js';
import { edges, familyOf, subnet } from './addresses.js';

/** What the IANA registries of special-purpose addresses (RFC 6890) and of multicast name, and what it is to us. */
export const RANGES: readonly (readonly [string, Exclude<AddressClass, 'public'> | 'forbidden'])[] = [
  ['10.0.0.0/8', 'private'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['100.64.0.0/10', 'private'],
  ['fc00::/7', 'private'],
  ['127.0.0.0/8', 'loopback'],
  ['::1/128', 'loopback'],
  ['0.0.0.0/8', 'forbidden'],
  ['169.254.0.0/16', 'forbidden'],
  ['192.0.0.0/24', 'forbidden'],
  ['192.0.2.0/24', 'forbidden'],
  ['192.31.196.0/24', 'forbidden'],
  ['192.52.193.0/24', 'forbidden'],
  ['192.88.99.0/24', 'forbidden'],
  ['192.175.48.0/24', 'forbidden'],
  ['198.18.0.0/15', 'forbidden'],
  ['198.51.100.0/24', 'forbidden'],
  ['203.0.113.0/24', 'forbidden'],
  ['224.0.0.0/4', 'forbidden'],
  ['240.0.0.0/4', 'forbidden'],
  ['::/128', 'forbidden'],
  ['64:ff9b::/96', 'forbidden'],
  ['64:ff9b:1::/48', 'forbidden'],
  ['100::/64', 'forbidden'],
  ['2001::/23', 'forbidden'],
  ['2001:db8::/32', 'forbidden'],
  ['2002::/16', 'forbidden'],
  ['2620:4f:8000::/48', 'forbidden'],
  ['3fff::/20', 'forbidden'],
  ['5f00::/16', 'forbidden'],
  ['fe80::/10', 'forbidden'],
  ['fec0::/10', 'forbidden'],
  ['ff00::/8', 'forbidden'],
];

/** The IPv6 space of which nothing is global unicast (RFC 4291 §2.4). */
const NOT_GLOBAL = ['::/3', '4000::/2', '8000::/1'];

const ranges = [...RANGES.map(([range]) => range), ...NOT_GLOBAL];
const special = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const range of ranges) special[familyOf(range)].addSubnet(...subnet(range));

/** Whether a canonical address lies in a range of special purpose, as Node's own implementation of ranges sees it. */
export function isSpecial(ip: string): boolean {
  const family = familyOf(ip);
  return special[family].check(ip, family);
}

/** Addresses at the edges of those ranges. */
export function nearRanges(): Arbitrary<string> {
  return fc.constantFrom(...ranges).chain(edges);
}
