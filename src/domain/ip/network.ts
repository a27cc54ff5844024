import ipaddr from 'ipaddr.js';

/**
 * The addresses that one subscriber usually has: a single IPv4 address, or the /64 of an IPv6 address. Takes
 * canonical literals.
 */
export function networkOf(ip: string): string {
  if (!ip.includes(':')) return ip;
  const { parts } = ipaddr.IPv6.parse(ip);
  return `${new ipaddr.IPv6([...parts.slice(0, 4), 0, 0, 0, 0]).toRFC5952String()}/64`;
}
