import ipaddr from 'ipaddr.js';

/** The addresses that one subscriber usually has: an IPv4 address alone, of an IPv6 one its /64. Takes canonical literals. */
export function networkOf(ip: string): string {
  if (!ip.includes(':')) return ip;
  const { parts } = ipaddr.IPv6.parse(ip);
  return `${new ipaddr.IPv6([...parts.slice(0, 4), 0, 0, 0, 0]).toRFC5952String()}/64`;
}
