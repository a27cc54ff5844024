import { z } from 'zod';
import { choice, duration, fraction, headers, integer, ipLiteral, text, url, uuid } from './values.js';

const PORT = [1, 65_535] as const;
const LANES = [1, 10_000] as const;

const flag = z.boolean({ error: 'expected true or false' });
const path = text('a path that begins with /', /^\/[^\s#]*$/);
const file = z.string({ error: 'expected the path of a file' }).min(1);

/** The keys that say how one kind of peer is called. */
function target(defaultPath: string) {
  return {
    scheme: choice('http', 'https').default('http').describe('How peers are called.'),
    port: integer(...PORT)
      .default(80)
      .describe('Port of the peers whose registry entry has none of its own.'),
    path: path.default(defaultPath).describe('Path that is called.'),
    headers: headers.default({}).describe('Headers sent with each call, for example a bearer token.'),
  };
}

const redis = z.strictObject({
  url: z
    .union([z.literal('embedded'), url('redis', 'rediss', 'unix')], {
      error: 'expected redis://, rediss:// or unix:// and where it is, or embedded',
    })
    .default('redis://127.0.0.1:6379/0')
    .describe('Where Redis is; `embedded` starts a private redis-server as a child process.'),
  sentinel: z
    .strictObject({
      name: z.string().min(1).describe('Name of the primary.'),
      nodes: z
        .array(text('host:port', /^\S+:\d+$/), { error: 'expected a list of host:port' })
        .min(1)
        .describe('The sentinels, as host:port.'),
    })
    .optional()
    .describe('Redis behind Sentinel, instead of `url`.'),
  cluster: z
    .array(url('redis', 'rediss'), { error: 'expected a list of URLs' })
    .min(1)
    .optional()
    .describe('Some nodes of a Redis Cluster, instead of `url`; the key prefix needs a hash tag.'),
  keyPrefix: text('a prefix of 1 to 200 printable characters', /^[!-~]{1,200}$/)
    .default('p2p:')
    .describe('What every key begins with.'),
  dataDir: file.default('./data').describe('Where the embedded server keeps its append-only file.'),
});

const sync = z.strictObject({
  interval: duration(50).prefault('60s').describe('Time between rounds.'),
  jitter: fraction(0.5).default(0.05).describe('Share of the interval by which a round may begin early or late.'),
  spread: fraction(0.9).default(0).describe("Share of the interval over which a round's requests are paced."),
  timeout: duration(10).prefault('5s').describe('Deadline of one call: connect, headers and body together.'),
  concurrency: integer(...LANES)
    .default(64)
    .describe('Calls at once to peers in good standing, and as many again to suspects.'),
  ...target('/sync'),
  suspectInterval: duration(50).prefault('15s').describe('Time between checks of a suspect.'),
  unavailable: z
    .strictObject({
      interval: duration(50).prefault('60s').describe('Time between checks of an unavailable peer.'),
      concurrency: integer(...LANES)
        .default(32)
        .describe('Calls at once to unavailable peers.'),
    })
    .prefault({}),
});

const publicIp = z.strictObject({
  override: ipLiteral.optional().describe('Our address; then nothing is polled, and every call says it.'),
  interval: duration(50).prefault('120s').describe('Time between polls.'),
  timeout: duration(10).prefault('5s').describe('Deadline of one poll.'),
  family: choice('ipv4', 'ipv6').default('ipv4').describe('The family of our address.'),
  quorum: integer(1, 100).default(2).describe('Sources that have to agree on a change, capped by their number.'),
  confirmations: integer(1, 100)
    .default(3)
    .describe('Polls in a row that have to agree where fewer sources than the quorum answer.'),
  sources: z
    .array(
      z.union(
        [
          choice('dns', 'https'),
          z.strictObject({ url: url('http', 'https').describe('A service that answers with our address.') }),
          z.strictObject({ interface: z.string().min(1).describe('A local network interface.') }),
        ],
        { error: 'expected dns, https, {url: …} or {interface: …}' },
      ),
      { error: 'expected a list of sources' },
    )
    .min(1, { error: 'expected at least one source' })
    .default(['dns', 'https'])
    .describe('Whom to ask for our address; each source has one vote.'),
});

const announce = z.strictObject({
  timeout: duration(10).prefault('5s').describe('Deadline of one call.'),
  concurrency: integer(...LANES)
    .default(32)
    .describe('Calls at once.'),
  ...target('/ip'),
  retry: z
    .strictObject({
      initial: duration(10).prefault('5s').describe('Ceiling of the first pause before a retry.'),
      max: duration(10).prefault('10m').describe('Ceiling of the longest pause.'),
    })
    .prefault({}),
});

/** The configuration as it is written, validated; the source of the published JSON Schema as well. */
export const schema = z
  .strictObject({
    $schema: z.string().optional().describe('For editors.'),
    uuid: uuid.describe('Our UUID, shared with the API.'),
    redis: redis.prefault({}).describe('The database shared with the API.'),
    sync: sync.prefault({}).describe('Synchronization: the health checks of the consumers.'),
    availability: z
      .strictObject({
        fall: integer(1, 1_000).default(3).describe('Failures in a row until a peer is unavailable.'),
        rise: integer(1, 1_000).default(1).describe('Successes in a row until it is available again.'),
      })
      .prefault({}),
    publicIp: publicIp.prefault({}).describe('How our public IP is found.'),
    announce: announce.prefault({}).describe('Announcements of a new IP to the producers.'),
    http: z
      .strictObject({
        tls: z
          .strictObject({
            ca: file.optional().describe('PEM file of the authorities to trust instead of the system ones.'),
            cert: file.optional().describe('PEM file of our client certificate.'),
            key: file.optional().describe('PEM file of its key.'),
          })
          .prefault({}),
        signing: z
          .strictObject({
            secret: z
              .string({ error: 'expected a text of at least 16 characters' })
              .min(16, { error: 'expected a text of at least 16 characters' })
              .optional()
              .describe('Shared secret of the proof of origin (HMAC-SHA256) on every call.'),
          })
          .prefault({}),
      })
      .prefault({}),
    network: z
      .strictObject({
        allow: z
          .array(choice('public', 'private', 'loopback'), { error: 'expected a list of public, private, loopback' })
          .min(1, { error: 'expected at least one of public, private, loopback' })
          .default(['public'])
          .describe('Classes of address that may be called; link-local, multicast and reserved ones never.'),
      })
      .prefault({}),
    status: z
      .strictObject({
        enabled: flag.default(true).describe('Whether the status server runs. Not part of this version yet.'),
        host: z.string().min(1).default('127.0.0.1').describe('Address it listens on. Not part of this version yet.'),
        port: integer(0, 65_535)
          .default(9_464)
          .describe('Port it listens on, 0 for any free one. Not part of this version yet.'),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: choice('error', 'warn', 'info', 'debug').default('info').describe('The least serious lines to log.'),
        format: choice('auto', 'json', 'pretty').default('auto').describe('`auto`: pretty on a terminal.'),
      })
      .prefault({}),
    shutdown: z
      .strictObject({
        grace: duration(0).prefault('10s').describe('How long what is in flight may take after a signal to stop.'),
      })
      .prefault({}),
  })
  .check(({ value, issues }) => {
    const fault = (message: string, ...path: string[]): void => {
      issues.push({ code: 'custom', message, path, input: undefined });
    };
    const { sentinel, cluster, keyPrefix } = value.redis;
    if (sentinel !== undefined && cluster !== undefined)
      fault('expected only one of sentinel and cluster', 'redis', 'cluster');
    if (cluster !== undefined && !/\{[^}]+\}/.test(keyPrefix)) {
      fault('expected a hash tag such as {p2p}: since redis.cluster is set', 'redis', 'keyPrefix');
    }
    const { cert, key } = value.http.tls;
    if ((cert === undefined) !== (key === undefined)) fault('expected cert and key together', 'http', 'tls', 'cert');
    const { initial, max } = value.announce.retry;
    if (max < initial) fault('expected a duration no shorter than announce.retry.initial', 'announce', 'retry', 'max');
  });

/** The configuration as parsed: defaults filled in, durations in milliseconds. */
export type Parsed = z.output<typeof schema>;
