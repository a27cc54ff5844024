import { z } from 'zod';
import { choice, duration, group, integer, ipLiteral, isEncoded, listOf, text, url } from './values.js';

const source = z.union(
  [
    choice('dns', 'https'),
    group({
      url: url(['http', 'https'], ({ username, password }) => isEncoded(username) && isEncoded(password)).describe(
        'A service that answers with our address, as plain text or JSON.',
      ),
    }),
    group({ interface: text('the name of an interface', /\S/).describe('A local network interface.') }),
  ],
  { error: 'expected dns, https, {url: …} or {interface: …}' },
);

type Source = z.output<typeof source>;

/** Whose word it is: two URLs of one host are one witness. */
function witness(source: Source): string {
  if (typeof source === 'string') return source;
  return 'url' in source ? `url ${new URL(source.url).host}` : `interface ${source.interface}`;
}

const sources = listOf('a list of at least one source', source).check(({ value, issues }) => {
  const known = value.map(witness);
  const message = 'expected each source, and each host, only once, since each has one vote';
  known.forEach((name, index) => {
    if (known.indexOf(name) < index) issues.push({ code: 'custom', message, path: [index], input: undefined });
  });
});

export const publicIp = group({
  override: ipLiteral.optional().describe('Our address; then nothing is polled, and every call to `/sync` says it.'),
  interval: duration(50).prefault('120s').describe('Time between polls.'),
  timeout: duration(10).prefault('5s').describe('Deadline of one poll.'),
  family: choice('ipv4', 'ipv6').default('ipv4').describe('The family of our address.'),
  quorum: integer(1, 100).default(2).describe('Sources that have to agree on a change, capped by their number.'),
  confirmations: integer(1, 100)
    .default(3)
    .describe('Polls in a row that have to agree where fewer sources than the quorum answer.'),
  sources: sources
    .default(['dns', 'https'])
    .describe('Whom to ask for our address, one vote each: `dns`, `https`, `{url: …}`, `{interface: …}`.'),
});
