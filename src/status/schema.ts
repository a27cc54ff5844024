import { z } from 'zod';
import { PRODUCER_STATES, type ProducerState } from '../domain/announce/producerState.js';
import { SCOPES } from '../domain/ip/scope.js';
import type { Sample as DomainSample } from '../domain/sample.js';

/*
 * The requests and answers of the status server, declared once: the validation, the types of the page and the commands,
 * and the OpenAPI document are derived from it. Times are Unix milliseconds.
 */

const time = z.int().describe('Unix milliseconds');
const timeOrNull = time.nullable();
const count = z.int().min(0);

/** The latest time of a Date. */
const MAX_TIME = 8.64e15;

/** For a query, where every value is a text. */
function wholeNumber(least: number, most: number) {
  const error = `expected a whole number from ${String(least)} to ${String(most)}`;
  const read = (text: unknown): unknown => (typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : text);
  return z.preprocess(read, z.int({ error }).min(least, { error }).max(most, { error }));
}

export const LANES = ['regular', 'suspect', 'pending', 'unavailable'] as const;

/** The overall level: all is well, no action needed (a start, or a problem of the network), action needed. */
export const level = z.enum(['ok', 'notice', 'bad']);

export const problem = z
  .object({
    code: z.string().describe('Stable name of the problem, for other programs'),
    level: z.enum(['notice', 'bad']),
    since: timeOrNull.describe('When it began, null where that is not known'),
    text: z.string().describe('What is wrong, in one sentence'),
    advice: z.string().describe('What to do about it'),
  })
  .meta({ id: 'Problem' });

const laneState = z
  .object({
    peers: count.describe('How many consumers are checked in this lane'),
    oldest_check_seconds: z.number().nullable().describe('Age of the least recently checked one'),
    rounds: count.describe('Rounds completed since the start'),
    skipped: count.describe('Ticks without a round since the start'),
    last_round_ms: z.number().nullable(),
    running: z
      .object({ started_at: time, total: count, done: count })
      .nullable()
      .describe('The round under way, null between rounds'),
  })
  .meta({ id: 'Lane' });

const share = z
  .object({ count, of: count, share: z.number().min(0).max(1).nullable() })
  .meta({ id: 'Share' })
  .describe('So many of so many; `share` is null where there are none');

const peerCounts = z
  .object({
    available: count,
    suspect: count,
    unavailable: count,
    pending: count,
    denied: count,
    invalid: count,
  })
  .meta({ id: 'PeerCounts' });

const producerCounts = z
  .object({ knows: count, owing: count, untold: count, denied: count, invalid: count } satisfies Record<
    ProducerState,
    typeof count
  >)
  .meta({ id: 'ProducerCounts' })
  .describe('`owing` ones are in the outbox; `untold` ones neither that nor have they acknowledged the current IP');

const ipState = z
  .object({
    value: z.string().nullable(),
    since: timeOrNull,
    known_by: z
      .array(z.string())
      .describe('The sources that it rests on; `override`; `stored` before the first answer'),
    checked_at: timeOrNull.describe('When a source last answered'),
    sources: z.array(
      z.object({
        name: z.string(),
        at: timeOrNull,
        result: z.string().nullable().describe('`ok` or a failure reason'),
        answer: z.string().nullable(),
      }),
    ),
    changes: z
      .array(
        z.object({
          at: time,
          ip: z.string(),
          previous: z.string().nullable(),
          agreed: z.array(z.string()),
        }),
      )
      .describe('The newest first'),
  })
  .meta({ id: 'Ip' });

const owing = z.object({
  uuid: z.string(),
  ip: z.string().nullable(),
  attempts: count,
  error: z.string().nullable(),
  next_at: time.describe('When the next attempt is due'),
});

export const statusSchema = z
  .object({
    as_of: time,
    level,
    summary: z.string().describe('The state of this node in one sentence'),
    case: z.string().describe('Stable name of the case that the sentence is about'),
    problems: z.array(problem),
    version: z.string(),
    node: z.string().describe('Version of Node.js'),
    uuid: z.string(),
    instance: z.string(),
    host: z.string(),
    pid: z.int(),
    started_at: time,
    uptime_seconds: z.number(),
    stopping: z.boolean(),
    heartbeat_at: time.describe('The newest tick of its own clock'),
    ip: ipState,
    round: z
      .object({
        number: count.nullable(),
        interval_ms: z.number(),
        started_at: timeOrNull,
        finished_at: timeOrNull,
        next_at: timeOrNull.describe('About when the next one begins'),
        took_ms: z.number().nullable(),
        ok: count.nullable(),
        failed: count.nullable(),
      })
      .describe('The rounds of the regular lane'),
    lanes: z.object({ regular: laneState, suspect: laneState, pending: laneState, unavailable: laneState }),
    peers: z.object({ consumers: peerCounts, producers: count.nullable() }),
    failing: z
      .array(z.object({ reason: z.string(), count }))
      .describe('Why consumers that are suspect or unavailable failed last, the most frequent first'),
    latency: z.object({ p50_ms: z.number().nullable(), p95_ms: z.number().nullable(), p99_ms: z.number().nullable() }),
    freshness_seconds: z
      .number()
      .nullable()
      .describe('Age of the least recently checked consumer that is not unavailable'),
    isolated: z.boolean(),
    line: z
      .array(
        z.object({
          scope: z.enum(SCOPES),
          peers: count,
          isolated_since: timeOrNull,
          last_answer_at: timeOrNull.describe('When a witness of the scope last answered'),
        }),
      )
      .describe('The scopes of which there are peers'),
    outages: z
      .array(z.object({ from: time, to: timeOrNull }))
      .describe('When this node was isolated, in the last 24 h'),
    redis: z.object({
      up: z.boolean(),
      since: timeOrNull,
      reason: z.string().nullable(),
      latency_ms: z.number().nullable(),
      unwritten_verdicts: count,
      failing: z.array(z.object({ what: z.string(), reason: z.string(), since: time })),
    }),
    announcements: z.object({
      pending: count.nullable(),
      oldest_seconds: z.number().nullable().describe('How long the longest waiting producer has waited'),
      owing: z.array(owing).describe('The first 100 of those that have not acknowledged, the slowest first'),
      producers_know: share,
      producer_states: producerCounts.nullable(),
      consumers_know: share,
    }),
    reachability: z.object({
      they_answer_us: share.describe('Judged consumers that are not unavailable'),
      they_call_us: share.nullable().describe('Of them, those that called us lately; null where no entry says so'),
      last_call_at: timeOrNull,
    }),
    config: z.object({
      file: z.string().nullable(),
      loaded_at: time,
      rejected: z.object({ at: time, problems: z.array(z.string()) }).nullable(),
      needs_restart: z.array(z.string()),
    }),
    replicas: z.object({
      role: z.enum(['leader', 'standby', 'member']),
      term: count.nullable(),
      holder: z
        .object({
          instance: z.string(),
          host: z.string().nullable(),
          pid: z.int().nullable(),
          since: timeOrNull,
        })
        .nullable()
        .describe('Which process works on the registry while this one stands by, or leads while this one is a member'),
      shares: z
        .object({
          held: count,
          of: count,
          in_doubt: z.boolean().describe('Whether they have run out by our own clock, and Redis can not be asked'),
          elsewhere: z.boolean().describe("Whether our own public IP is not the node's, so that we give them up"),
        })
        .nullable()
        .describe('The shares of the registry that this one has; null where it is not divided'),
      members: z
        .array(
          z.object({
            instance: z.string(),
            name: z.string().nullable(),
            host: z.string().nullable(),
            pid: z.int().nullable(),
            version: z.string().nullable(),
            leader: z.boolean(),
            shares: count.nullable(),
            peers: count.nullable(),
            ip: z.string().nullable(),
            isolated: z.boolean(),
            round: count.nullable(),
            round_finished_at: timeOrNull,
            round_ok: count.nullable(),
            round_failed: count.nullable(),
            heartbeat_at: timeOrNull,
          }),
        )
        .describe('Those that share the registry, as each reports itself; empty where it is not divided'),
    }),
  })
  .meta({ id: 'Status' });

export type Status = z.output<typeof statusSchema>;
export type Problem = z.output<typeof problem>;

const bucket = z
  .tuple([time, count, count, count, z.number().nullable()])
  .describe('Begin, answered, counted failures, not counted, typical latency in ms');

const history = z
  .object({
    hours: z.array(bucket).describe('The oldest first; hours without a check are left out'),
    days: z.array(bucket),
    uptime_24h: z.number().nullable(),
    uptime_7d: z.number().nullable(),
  })
  .meta({ id: 'History' });

const peerFields = {
  uuid: z.string(),
  ip: z.string().nullable(),
  port: z.string().nullable(),
  error: z.string().nullable(),
};

export const consumerSchema = z
  .object({
    kind: z.literal('consumer'),
    ...peerFields,
    state: z.enum(['available', 'suspect', 'unavailable', 'pending', 'denied', 'invalid']),
    state_since: timeOrNull,
    checked_at: timeOrNull,
    last_ok_at: timeOrNull,
    last_seen: timeOrNull.describe('When it last called us'),
    latency_ms: z.number().nullable(),
    failures: count,
    recent: z.string().describe('`.` answered, `x` counted failure, `-` not counted; the newest last'),
    knows_ip: z.boolean().nullable().describe('Whether it has answered since the IP changed'),
    uptime_24h: z.number().nullable(),
    uptime_7d: z.number().nullable(),
    days: z.array(bucket).nullable().describe('Null while Redis is away'),
  })
  .meta({ id: 'Consumer' });

export const producerSchema = z
  .object({
    kind: z.literal('producer'),
    ...peerFields,
    state: z.enum(PRODUCER_STATES),
    notified_ip: z.string().nullable(),
    notified_at: timeOrNull,
    attempts: count,
    next_at: timeOrNull.describe('When the next attempt is due'),
  })
  .meta({ id: 'Producer' });

export const peerSchema = z.discriminatedUnion('kind', [consumerSchema, producerSchema]).meta({ id: 'Peer' });
export type ConsumerRow = z.output<typeof consumerSchema>;
export type ProducerRow = z.output<typeof producerSchema>;

export const SORTS = ['problems', 'uuid', 'ip', 'state', 'since', 'checked', 'latency', 'failures'] as const;

export const peersQuery = z.object({
  kind: z.enum(['consumer', 'producer'], { error: 'expected consumer or producer' }).default('consumer'),
  state: z
    .string()
    .regex(/^[a-z]+(,[a-z]+)*$/, { error: 'expected states, separated by commas' })
    .optional()
    .describe('One or several states, separated by commas'),
  q: z
    .string()
    .max(100, { error: 'expected at most 100 characters' })
    .optional()
    .describe('Part of the UUID, or of the address'),
  sort: z
    .string()
    .regex(new RegExp(`^-?(${SORTS.join('|')})$`), { error: `expected one of ${SORTS.join(', ')}` })
    .default('problems')
    .describe(`One of ${SORTS.join(', ')}; with - before it, the other way round`),
  limit: wholeNumber(1, 1_000).default(100),
  cursor: z
    .string()
    .max(1_000, { error: 'expected the `next` of a page before' })
    .optional()
    .describe('The `next` of the page before'),
});

export type PeersQuery = z.output<typeof peersQuery>;

export const peersSchema = z
  .object({
    peers: z.array(peerSchema),
    next: z.string().nullable(),
    as_of: time.describe('When what is said was true; old while Redis is away'),
    total: count.describe('How many match, on all pages'),
  })
  .meta({ id: 'Peers' });

export const peerDetailSchema = z
  .object({ peer: peerSchema, history: history.nullable(), as_of: time, url: z.string().nullable() })
  .meta({ id: 'PeerDetail' });

export type PeersAnswer = z.output<typeof peersSchema>;
export type PeerDetail = z.output<typeof peerDetailSchema>;

export const seriesQuery = z.object({
  from: wholeNumber(0, MAX_TIME).optional().describe('Unix milliseconds; 24 hours before `to` where it is left out'),
  to: wholeNumber(0, MAX_TIME).optional().describe('Unix milliseconds; now where it is left out'),
});

export const sampleSchema = z
  .object({
    at: time,
    round_ms: z.number().nullable(),
    p50_ms: z.number().nullable(),
    p95_ms: z.number().nullable(),
    p99_ms: z.number().nullable(),
    available: count,
    suspect: count,
    unavailable: count,
    pending: count,
    freshness_s: z.number().nullable(),
    isolated: z.boolean(),
    answered: count.describe('Checks of that minute that were answered'),
    failed: count.describe('Those that were not'),
  })
  .meta({ id: 'Sample' }) satisfies z.ZodType<DomainSample>;

export type Sample = z.output<typeof sampleSchema>;

export const seriesSchema = z
  .object({
    samples: z.array(sampleSchema).describe('The oldest first, thinned out to about 1,500'),
    as_of: time,
  })
  .meta({ id: 'Series' });

export const eventSchema = z
  .object({ type: z.string(), at: time, data: z.record(z.string(), z.unknown()), text: z.string() })
  .meta({ id: 'Event' })
  .describe('The data of a server-sent event named `entry`; its id is the one in `<p>events`');

export const probeSchema = z
  .object({
    status: z.string(),
    reasons: z
      .array(z.object({ code: z.string(), text: z.string().optional() }))
      .optional()
      .describe('Why not; the codes alone where a token is needed and was not given'),
  })
  .meta({ id: 'Probe' });

export const errorSchema = z.object({ error: z.string() }).meta({ id: 'Error' });
