import { classify } from './address.js';

/** Flags in `/proc/net/if_inet6` (linux/if_addr.h) that make an address a bad choice, worst first. */
const DRAWBACKS = [
  /** Not verified as unique yet, or known to be a duplicate. */
  0x40 | 0x08,
  /** Deprecated: valid, but not for new use. */
  0x20,
  /** Temporary: replaced within about a day (RFC 8981). */
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
 * Selects one address of an interface: none that is deprecated or temporary if there is another, and among equally
 * good ones the known one. The system lists new addresses first, so their order alone does not help.
 */
export function chooseAddress(
  addresses: readonly string[],
  flags: ReadonlyMap<string, number>,
  known: string | undefined,
): string | undefined {
  const drawback = (ip: string): number => {
    const worst = DRAWBACKS.findIndex((bits) => ((flags.get(ip) ?? 0) & bits) !== 0);
    return worst < 0 ? 0 : DRAWBACKS.length - worst;
  };
  const least = Math.min(...addresses.map(drawback));
  const best = addresses.filter((ip) => drawback(ip) === least);
  return best.find((ip) => ip === known) ?? best[0];
}
