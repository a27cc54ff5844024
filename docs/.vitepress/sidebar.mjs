/** Every page, by what a reader needs; a spec checks that none is missing. */

const group = (text, ...items) => ({
  text,
  items: items.map(([name, page]) => ({ text: name, link: `/docs/${page}` })),
});

export const sidebar = [
  group('Tutorial', ['Two nodes and a producer', 'tutorial']),
  group(
    'How to',
    ['Install it', 'installing'],
    ['Run it', 'running'],
    ['LAN only', 'how-to/lan'],
    ['Behind NAT', 'how-to/behind-nat'],
    ['IPv6 only', 'how-to/ipv6'],
    ['IPv4 and IPv6', 'how-to/dual-stack'],
    ['VPN, forwarder, Tor gateway', 'how-to/vpn'],
    ['Many peers', 'how-to/many-peers'],
    ['Several schedulers', 'scaling'],
    ['Redis behind Sentinel', 'how-to/sentinel'],
    ['Redis Cluster', 'how-to/cluster'],
    ['Alerts', 'alerts'],
    ['Upgrade', 'how-to/upgrade'],
    ['Back up and restore', 'how-to/backup'],
    ['Write an API', 'writing-an-api'],
  ),
  group(
    'Reference',
    ['Configuration', 'configuration'],
    ['Commands', 'commands'],
    ['HTTP API and metrics', 'status'],
    ['Status page', 'status-page'],
    ['Redis and events', 'redis'],
    ['Dependencies', 'dependencies'],
  ),
  group(
    'Explanation',
    ['Verdicts and evidence', 'verdicts'],
    ['Announcements of the IP', 'announcements'],
    ['Architecture', 'architecture'],
    ['Reliability', 'reliability'],
  ),
  group('When something is wrong', ['Troubleshooting', 'troubleshooting']),
  group('How much it takes', ['Sizing', 'sizing'], ['Performance', 'performance']),
  group('Working on it', ['Decisions', 'decisions/README'], ['Testing', 'testing']),
];
