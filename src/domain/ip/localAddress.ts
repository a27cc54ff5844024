import { classify } from './address.js';

/** Of the flags in `/proc/net/if_inet6` (linux/if_addr.h), what an address is no good choice for; worst first. */
const BURDENS = [
  /** Not known to be ours alone, or known not to be. */
  0x40 | 0x08,
  /** Deprecated: valid, but to be used for nothing new. */
  0x20,
  /** Temporary: given up within a day or so (RFC 8981). */
  0x01,
] as const;

/** The flags of each IPv6 address of an interface, from the text of `/proc/net/if_inet6`. */
export function readFlags(text: string, name: string): ReadonlyMap<string, number> {
  const flags = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [hex = '', , , , flag = '', device] = line.trim().split(/\s+/);
    const address = classify(hex.replace(/(.{4})(?!$)/g, '$1:'));
    if (device === name && address.ok) flags.set(address.ip, Number.parseInt(flag, 16));
  }
  return flags;
}

/**
 * Which of its addresses an interface is known by: none that is deprecated or temporary while there is another, and of
 * equally good ones the one that is known already. The system lists new ones first, so that order alone is no choice.
 */
export function chooseAddress(
  addresses: readonly string[],
  flags: ReadonlyMap<string, number>,
  known: string | undefined,
): string | undefined {
  const burden = (ip: string): number => {
    const worst = BURDENS.findIndex((bits) => ((flags.get(ip) ?? 0) & bits) !== 0);
    return worst < 0 ? 0 : BURDENS.length - worst;
  };
  const least = Math.min(...addresses.map(burden));
  const best = addresses.filter((ip) => burden(ip) === least);
  return best.find((ip) => ip === known) ?? best[0];
}
