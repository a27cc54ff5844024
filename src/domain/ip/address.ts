import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { AddressFault } from '../call/reasons.js';
import type { Scope } from './scope.js';

/** The classes of address that an operator may allow calls to. */
export type AddressClass = 'public' | 'private' | 'loopback';

export type Classified =
  | {
      readonly ok: true;
      /** In canonical form (RFC 5952 for IPv6), so that the checked address is the one that is dialled. */
      readonly ip: string;
      readonly family: 4 | 6;
      readonly class: AddressClass | 'forbidden';
      /** Undefined for addresses that are never called. */
      readonly scope: Scope | undefined;
    }
  | { readonly ok: false };

type Range = 'unicast' | 'private' | 'uniqueLocal' | 'carrierGradeNat' | 'loopback';

/** Maps the ranges of ipaddr.js to classes. An address of any other range is never called. */
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

/** All global unicast space assigned so far (RFC 4291 §2.4). ipaddr.js also reports the unassigned rest as unicast. */
const GLOBAL_UNICAST: readonly [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/**
 * Parses and classifies an IP literal. Only strict forms are literals: no octal, hex or short IPv4, no zone. An
 * IPv4-mapped address, as dual-stack servers see IPv4 callers, counts as IPv4.
 */
export function classify(text: string): Classified {
  if (text.includes('%') || isIP(text) === 0) return { ok: false };
  // The only form that isIP takes for IPv4 needs no parser, and every check passes here.
  const address = isIP(text) === 4 ? new ipaddr.IPv4(text.split('.').map(Number)) : unmapped(text);
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

/** The canonical form of an address, for comparison, storage and calls. Any other text is returned unchanged. */
export function canonical(text: string): string {
  const address = classify(text);
  return address.ok ? address.ip : text;
}

/** Parses with the URL parser, because the call uses it too. ipaddr.js reads ::1.2.3.4 as ::ffff:1.2.3.4. */
function unmapped(text: string): ipaddr.IPv4 | ipaddr.IPv6 {
  const address = ipaddr.IPv6.parse(new URL(`http://[${text}]/`).hostname.slice(1, -1));
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function rangeOf(address: ipaddr.IPv4 | ipaddr.IPv6): Range | undefined {
  const range = address.range();
  if (range === 'unicast' && address instanceof ipaddr.IPv6 && !address.match(...GLOBAL_UNICAST)) return undefined;
  return range in CLASSES ? (range as Range) : undefined;
}

/**
 * Whether the address may be called: it must be a literal of an allowed class. Link-local, multicast and similar
 * addresses are never called.
 */
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
