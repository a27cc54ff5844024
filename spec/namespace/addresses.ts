/** The DNS servers that public-ip asks, by what they are asked for. */
export const DNS_SERVERS = {
  opendns: ['208.67.222.222', '208.67.220.220', '208.67.222.220', '208.67.220.222'],
  google: ['216.239.32.10', '216.239.34.10', '216.239.36.10', '216.239.38.10'],
} as const;

/** Where its HTTPS services are in the namespace. */
export const HTTPS = '93.184.216.40';
export const CONSUMERS = ['93.184.216.10', '93.184.216.11', '93.184.216.12'] as const;
export const PRODUCERS = ['93.184.216.20', '93.184.216.21'] as const;

export const ADDRESSES = [...DNS_SERVERS.opendns, ...DNS_SERVERS.google, HTTPS, ...CONSUMERS, ...PRODUCERS];
export const HOSTS = `127.0.0.1 localhost\n${HTTPS} icanhazip.com api.ipify.org\n`;
