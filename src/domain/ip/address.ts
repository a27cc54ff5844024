import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { AddressFault } from '../call/reasons.js';

/** The classes of address that an operator may allow calls to. */
export type AddressClass = 'public' | 'private' | 'loopback';

export type Classified =
  | {
      readonly ok: true;
      /** In canonical form (RFC 5952 for IPv6): what is checked is what is dialled. */
      readonly ip: string;
      readonly family: 4 | 6;
      readonly class: AddressClass | 'forbidden';
    }
  | { readonly ok: false };

/** What ipaddr.js calls a range, and whether it may be called; whatever is not listed may not. */
const CLASSES: Readonly<Record<string, AddressClass>> = {
  unicast: 'public',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private',
  loopback: 'loopback',
};

/** All the global unicast space handed out so far (RFC 4291 §2.4); to ipaddr.js the unassigned rest is unicast too. */
const GLOBAL_UNICAST: readonly [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/**
 * Reads an IP literal and tells what kind of address it is. Only the strict forms are literals: no octal, hex or
 * short IPv4, no zone. An IPv4-mapped address, which is how dual-stack servers see IPv4 callers, is the IPv4 one.
 */
export function classify(text: string): Classified {
  if (text.includes('%') || isIP(text) === 0) return { ok: false };
  const address = isIP(text) === 4 ? ipaddr.IPv4.parse(text) : unmapped(text);
  if (address instanceof ipaddr.IPv4) {
    return { ok: true, ip: address.toString(), family: 4, class: classOf(address) };
  }
  return { ok: true, ip: address.toRFC5952String(), family: 6, class: classOf6(address) };
}

/** Read through the URL parser, which is what will dial it: ipaddr.js takes ::1.2.3.4 for ::ffff:1.2.3.4. */
function unmapped(text: string): ipaddr.IPv4 | ipaddr.IPv6 {
  const address = ipaddr.IPv6.parse(new URL(`http://[${text}]/`).hostname.slice(1, -1));
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function classOf(address: ipaddr.IPv4 | ipaddr.IPv6): AddressClass | 'forbidden' {
  return CLASSES[address.range()] ?? 'forbidden';
}

function classOf6(address: ipaddr.IPv6): AddressClass | 'forbidden' {
  const known = classOf(address);
  return known === 'public' && !address.match(...GLOBAL_UNICAST) ? 'forbidden' : known;
}

/** Whether the address may be called: a literal, and of an allowed class. Link-local, multicast and the like never. */
export function checkAddress(
  text: string,
  allow: readonly AddressClass[],
):
  | { readonly ok: true; readonly ip: string; readonly family: 4 | 6 }
  | { readonly ok: false; readonly error: AddressFault } {
  const address = classify(text);
  if (!address.ok) return { ok: false, error: 'address-invalid' };
  if (address.class === 'forbidden' || !allow.includes(address.class)) return { ok: false, error: 'address-denied' };
  return { ok: true, ip: address.ip, family: address.family };
}
