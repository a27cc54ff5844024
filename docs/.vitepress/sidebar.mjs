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
    ['Alerts by webhook', 'alerts'],
    ['Upgrade', 'how-to/upgrade'],
    ['Back up and restore', 'how-to/backup'],
    ['Write a consumer API', 'writing-an-api'],
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
  group(
    'Working on it',
    ['Testing', 'testing'],
    ['Decisions', 'decisions/README'],
    ['1. One pipeline', 'decisions/0001-one-pipeline'],
    ['2. One owner of a peer', 'decisions/0002-one-owner-of-a-peer'],
    ['3. Evidence before blame', 'decisions/0003-evidence-before-blame'],
    ['4. An outbox in Redis', 'decisions/0004-outbox-in-redis'],
    ['5. Two HTTP clients', 'decisions/0005-two-http-clients'],
    ['6. A lease with a term', 'decisions/0006-lease-with-a-term'],
    ['7. A page without a bundler', 'decisions/0007-page-without-a-bundler'],
    ['8. Packages before own code', 'decisions/0008-packages-before-own-code'],
  ),
];
