import { z } from 'zod';
import { announce, sync } from './peersSchema.js';
import { publicIp } from './publicIpSchema.js';
import { redis } from './redisSchema.js';
import { choice, duration, file, flag, group, integer, listOf, text, uuid } from './values.js';

const tls = group({
  ca: file.optional().describe('PEM file of the authorities to trust instead of the system ones.'),
  cert: file.optional().describe('PEM file of our client certificate.'),
  key: file.optional().describe('PEM file of its key.'),
}).check(({ value: { cert, key }, issues }) => {
  if ((cert === undefined) === (key === undefined)) return;
  const [missing, given] = cert === undefined ? (['cert', 'key'] as const) : (['key', 'cert'] as const);
  const message = `expected the path of a file, since http.tls.${given} is set`;
  issues.push({ code: 'custom', message, path: [missing], input: undefined });
});

const signing = group({
  secret: text('a text of 16 to 1000 characters', /^[^]{16,1000}$/)
    .optional()
    .describe('Shared secret of the proof of origin (HMAC-SHA256) on every call.'),
});

const availability = group({
  fall: integer(1, 1_000).default(3).describe('Failures in a row until a peer is unavailable.'),
  rise: integer(1, 1_000).default(1).describe('Successes in a row until it is available again.'),
});

const network = group({
  allow: listOf('a list of public, private, loopback', choice('public', 'private', 'loopback'))
    .default(['public'])
    .describe('Classes of address that may be called; link-local, multicast and reserved ones never.'),
});

const status = group({
  enabled: flag.default(true).describe('Whether the status server runs. Not part of this version yet.'),
  host: text('an address to listen on', /^\S+$/)
    .default('127.0.0.1')
    .describe('Address it listens on. Not part of this version yet.'),
  port: integer(0, 65_535)
    .default(9_464)
    .describe('Port it listens on, 0 for any free one. Not part of this version yet.'),
});

const log = group({
  level: choice('error', 'warn', 'info', 'debug').default('info').describe('The least serious lines to log.'),
  format: choice('auto', 'json', 'pretty').default('auto').describe('`auto`: pretty on a terminal, else json.'),
});

const shutdown = group({
  grace: duration(0).prefault('10s').describe('How long what is in flight may take after a signal to stop.'),
});

/** The configuration as it is written, validated; the source of the published JSON Schema and reference as well. */
export const schema = group({
  $schema: z.string({ error: 'expected the place of the JSON Schema' }).optional().describe('For editors.'),
  uuid: uuid.describe('Our UUID, shared with the API.'),
  redis: redis.prefault({}).describe('The database shared with the API.'),
  sync: sync.prefault({}).describe('Synchronization: the health checks of the consumers.'),
  availability: availability.prefault({}).describe('What it takes to change the verdict on a peer.'),
  publicIp: publicIp.prefault({}).describe('How our public IP is found.'),
  announce: announce.prefault({}).describe('Announcements of a new IP to the producers.'),
  http: group({
    tls: tls.prefault({}).describe('For `https` peers.'),
    signing: signing.prefault({}).describe('Proof of origin on every call.'),
  })
    .prefault({})
    .describe('What calls to both kinds of peer share.'),
  network: network.prefault({}).describe('Who may be called.'),
  status: status.prefault({}).describe('The status server.'),
  log: log.prefault({}).describe('The log on standard error.'),
  shutdown: shutdown.prefault({}).describe('The end.'),
});

/** The configuration as parsed: defaults filled in, durations in milliseconds. */
export type Parsed = z.output<typeof schema>;
