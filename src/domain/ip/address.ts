import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { AddressFault } from '../call/reasons.js';
import type { Scope } from './scope.js';

/** The classes of address that an operator may allow calls to. */
export type AddressClass = 'public' | 'private' | 'loopback';

export type Classified =
  | {
      readonly ok: true;
      /** In canonical form (RFC 5952 for IPv6): what is checked is what is dialled. */
      readonly ip: string;
      readonly family: 4 | 6;
      readonly class: AddressClass | 'forbidden';
      /** Undefined for what is never called. */
      readonly scope: Scope | undefined;
    }
  | { readonly ok: false };

type Range = 'unicast' | 'private' | 'uniqueLocal' | 'carrierGradeNat' | 'loopback';

/** What ipaddr.js calls a range, and which class that is; a range that is not listed is never called. */
const CLASSES: Readonly<Record<Range, AddressClass>> = {
  unicast: 'public',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private',
  loopback: 'loopback',
};
const SCOPES: Readonly<Record<4 | 6, Readonly<Partial<Record<Range, Scope>>>>> = {
  4: { unicast: 'public IPv4', private: 'RFC 1918', carrierGradeNat: 'CGNAT', loopback: 'loopback IPv4' },
  6: { unicast: 'public IPv6', uniqueLocal: 'ULA', loopback: 'loopback IPv6' },
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
  const range = rangeOf(address);
  const family = address instanceof ipaddr.IPv4 ? 4 : 6;
  return {
    ok: true,
    ip: address instanceof ipaddr.IPv4 ? address.toString() : address.toRFC5952String(),
    family,
    class: range === undefined ? 'forbidden' : CLASSES[range],
    scope: range && SCOPES[family][range],
  };
}

/** The one spelling of an address that is compared, stored and sent; what is no address stays what it is. */
export function canonical(text: string): string {
  const address = classify(text);
  return address.ok ? address.ip : text;
}

/** Read through the URL parser, which is what will dial it: ipaddr.js takes ::1.2.3.4 for ::ffff:1.2.3.4. */
function unmapped(text: string): ipaddr.IPv4 | ipaddr.IPv6 {
  const address = ipaddr.IPv6.parse(new URL(`http://[${text}]/`).hostname.slice(1, -1));
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function rangeOf(address: ipaddr.IPv4 | ipaddr.IPv6): Range | undefined {
  const range = address.range();
  if (range === 'unicast' && address instanceof ipaddr.IPv6 && !address.match(...GLOBAL_UNICAST)) return undefined;
  return range in CLASSES ? (range as Range) : undefined;
}

/** Whether the address may be called: a literal, and of an allowed class. Link-local, multicast and the like never. */
export function checkAddress(
  text: string,
  allow: readonly AddressClass[],
):
  | { readonly ok: true; readonly ip: string; readonly family: 4 | 6; readonly scope: Scope }
  | { readonly ok: false; readonly error: AddressFault } {
  const address = classify(text);
  if (!address.ok) return { ok: false, error: 'address-invalid' };
  const { ip, family, scope } = address;
  if (scope === undefined || address.class === 'forbidden' || !allow.includes(address.class)) {
    return { ok: false, error: 'address-denied' };
  }
  return { ok: true, ip, family, scope };
}
