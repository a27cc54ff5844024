import { z } from 'zod';
import { duration, durationOrNever } from './duration.js';
import { notify } from './notify.js';
import { redis } from './redis.js';
import {
  choice,
  concurrency,
  fault,
  flag,
  fraction,
  group,
  headers,
  httpUrl,
  integer,
  ipLiteral,
  listOf,
  pemFiles,
  port,
  section,
  text,
  uuid,
  invalidIn,
} from './values.js';

/*
 * Every key of the configuration, declared once: accepted values, default and meaning. The JSON Schema, the reference
 * and the type of the configuration are derived from it.
 */

/** The keys that describe the calls to one kind of peer. */
function target(defaultPath: string, defaultConcurrency: number, whatAtOnce: string) {
  return {
    timeout: duration(10).prefault('5s').describe('Deadline of one call: connect, headers and body together.'),
    concurrency: concurrency.default(defaultConcurrency).describe(whatAtOnce),
    scheme: choice('http', 'https').default('http').describe('How peers are called.'),
    port: port.default(80).describe('Port of the peers whose registry entry has none of its own.'),
    path: text('a path that begins with /', /^\/[^\s#]{0,2000}$/)
      .default(defaultPath)
      .describe('Path that is called.'),
    headers: headers.default({}).describe('Headers sent with each call, for example a bearer token.'),
  };
}

const sync = section({
  interval: duration(50).prefault('60s').describe('Time between rounds.'),
  jitter: fraction(0.5).default(0.05).describe('Share of the interval by which a round may begin early or late.'),
  spread: fraction(0.9).default(0).describe("Share of the interval over which a round's requests are paced."),
  ...target('/sync', 64, 'Calls at once to peers in good standing, and as many to suspects.'),
  suspectInterval: duration(50).prefault('15s').describe('Time between checks of a suspect.'),
  unavailable: section({
    interval: duration(50).prefault('60s').describe('Time between checks of an unavailable peer.'),
    concurrency: concurrency.default(32).describe('Calls at once to unavailable peers.'),
  }).describe('The lane of unavailable peers.'),
  pending: section({
    concurrency: concurrency.default(64).describe('Calls at once to peers that have no verdict yet.'),
  }).describe('The lane of peers that have no verdict yet.'),
});

const availability = section({
  fall: integer(1, 1_000).default(3).describe('Failures in a row until a peer is unavailable.'),
  rise: integer(1, 1_000).default(1).describe('Successes in a row until it is available again.'),
});

const source = z.union(
  [
    choice('dns', 'https'),
    group({
      url: httpUrl.describe('A service that answers with our address, as plain text or JSON.'),
    }),
    group({ interface: text('the name of an interface', /\S/).describe('A local network interface.') }),
  ],
  { error: 'expected dns, https, {url: …} or {interface: …}' },
);

/** Two URLs with the same host are one source, so they have one vote. */
function witness(one: z.output<typeof source>): string {
  if (typeof one === 'string') return one;
  return 'url' in one ? `url ${new URL(one.url).host}` : `interface ${one.interface}`;
}

const sources = listOf('a list of at least one source', source).superRefine(
  (value, context) => {
    const invalid = invalidIn(context);
    const witnesses = value.map((one, index) => (invalid.has(String(index)) ? undefined : witness(one)));
    witnesses.forEach((name, index) => {
      if (name === undefined || witnesses.indexOf(name) === index) return;
      context.addIssue(fault('expected each source, and each host, only once, since each has one vote', index));
    });
  },
  { when: ({ value }) => Array.isArray(value) },
);

const publicIp = section({
  override: ipLiteral.optional().describe('Our address; then nothing is polled, and every call to `/sync` says it.'),
  interval: duration(50).prefault('120s').describe('Time between polls.'),
  timeout: duration(10).prefault('5s').describe('Deadline of one poll.'),
  family: choice('ipv4', 'ipv6').default('ipv4').describe('The family of our address.'),
  quorum: integer(1, 100).default(2).describe('Sources that have to agree on a change, capped by their number.'),
  confirmations: integer(1, 100)
    .default(3)
    .describe('Polls in a row that have to agree where fewer sources than the quorum answer.'),
  sources: sources
    .prefault(['dns', 'https'])
    .describe('Whom to ask for our address, one vote each: `dns`, `https`, `{url: …}`, `{interface: …}`.'),
});

const announce = section({
  ...target('/ip', 32, 'Calls at once.'),
  retry: section(
    {
      initial: duration(10).prefault('5s').describe('Ceiling of the first pause before a retry.'),
      max: duration(10).prefault('10m').describe('Ceiling of the longest pause.'),
    },
    function* ({ initial, max }) {
      if (initial === undefined || max === undefined || max.ms >= initial.ms) return;
      yield ['max', 'expected a duration no shorter than announce.retry.initial'];
    },
  ).describe('Pauses between attempts that failed: exponential, with full jitter.'),
  newcomers: flag
    .default(false)
    .describe('Whether a producer that registers, or changes its address, after a change is sent the current IP too.'),
  refresh: durationOrNever(1_000)
    .prefault('never')
    .describe('Time after which every producer is sent the current IP again.'),
});

const http = section({
  client: choice('node-fetch', 'native')
    .default('node-fetch')
    .describe("What makes the calls: node-fetch, or Node's own client, which costs less than half."),
  tls: pemFiles('http.tls').describe('For `https` peers.'),
  signing: section({
    secret: text('a text of 16 to 1000 characters', /^[^]{16,1000}$/)
      .optional()
      .describe('Shared secret of the proof of origin (HMAC-SHA256) on every call.'),
  }).describe('Proof of origin on every call.'),
});

const network = section({
  allow: listOf('a list of public, private, loopback', choice('public', 'private', 'loopback'))
    .default(['public'])
    .describe('Classes of address that may be called; link-local, multicast and reserved ones never.'),
});

const status = section({
  enabled: flag.default(true).describe('Whether the status server runs.'),
  host: text('an address to listen on', /^\S+$/).default('127.0.0.1').describe('Address it listens on.'),
  port: integer(0, 65_535).default(9_464).describe('Port it listens on, 0 for any free one.'),
  token: text('16 to 256 printable characters', /^[!-~]{16,256}$/)
    .optional()
    .describe('Asked as Bearer, or as the password of Basic, on all but `/healthz` and `/readyz`.'),
  allowedHosts: z
    .array(text('a host name', /^[A-Za-z0-9._-]{1,253}$/), { error: 'expected a list of host names' })
    .default([])
    .describe("Names by which it may be asked, besides IP addresses, `localhost` and this machine's host name."),
  basePath: text('a path that begins with /', /^\/([A-Za-z0-9._~-]+\/)*[A-Za-z0-9._~-]*$/)
    .default('/')
    .describe('Path under which a reverse proxy shows it.'),
});

const history = section({
  hours: integer(0, 744).default(168).describe('Hours that are kept of each consumer, one bucket each.'),
  days: integer(0, 366).default(90).describe('Days that are kept of each consumer, one bucket each.'),
});

const replicas = section({
  enabled: flag
    .default(false)
    .describe('Whether schedulers of this node share its registry; else one works, and the others stand by.'),
  name: text('a name of up to 60 printable characters', /^[!-~]{1,60}$/)
    .optional()
    .describe('What operators see of this scheduler; the host name where it is left out.'),
  lease: duration(2_000, 30_000)
    .prefault('10s')
    .describe('For how long a scheduler that is silent holds the registry.'),
  shares: integer(16, 1_024)
    .default(64)
    .describe('Into how many shares the registry is divided; equal on all that share it.'),
  lead: flag.default(true).describe('Whether this one may be the leader, which finds our IP and announces it.'),
  onForeign: choice('standby', 'refuse')
    .default('standby')
    .describe('What to do where another scheduler holds the registry: wait for it to end, or end with exit code 1.'),
});

const log = section({
  level: choice('error', 'warn', 'info', 'debug').default('info').describe('The least serious lines to log.'),
  format: choice('auto', 'json', 'pretty', 'journal')
    .default('auto')
    .describe("`auto`: pretty on a terminal, journal (levels as `<n>`) where standard error is systemd's, else json."),
});

const shutdown = section({
  grace: duration(0).prefault('10s').describe('How long what is in flight may take after a signal to stop.'),
});

/** Converts the written configuration into the one that the program uses, or reports its faults. */
export const schema = group({
  $schema: z.string({ error: 'expected the place of the JSON Schema' }).optional().describe('For editors.'),
  uuid: uuid.describe('Our UUID, shared with the API.'),
  redis: redis.describe('The database shared with the API.'),
  sync: sync.describe('Synchronization: the health checks of the consumers.'),
  availability: availability.describe('What it takes to change the verdict on a peer.'),
  publicIp: publicIp.describe('How our public IP is found.'),
  announce: announce.describe('Announcements of a new IP to the producers.'),
  http: http.describe('What calls to both kinds of peer share.'),
  network: network.describe('Which addresses may be called.'),
  status: status.describe('The status server: page, API and metrics.'),
  history: history.describe('What is kept of the results of each consumer.'),
  replicas: replicas.describe(
    'Several schedulers on one registry: one works and the others stand by, or they share it.',
  ),
  notify: notify.prefault([]).describe('Whom to tell of what: webhooks, and pings while all is well.'),
  log: log.describe('The log on standard error.'),
  shutdown: shutdown.describe('The end.'),
});

/** The configuration that the program uses, with units in the names and all defaults filled in. */
export type Config = z.output<typeof schema>;
