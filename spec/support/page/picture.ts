import { statusSchema, type ConsumerRow, type ProducerRow, type Sample, type Status } from '#src/status/schema.js';

/** What the page is shown in specs and on pictures: a node among a thousand others on an ordinary day. */

const MIN = 60_000;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;

/** The same numbers on every run. */
export function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const REASONS = ['timeout', 'timeout', 'timeout', 'refused', 'http-502', 'identity-mismatch', 'unreachable'];

export function uuidOf(n: number): string {
  const draw = random(n + 1);
  const hex = Array.from({ length: 32 }, () => Math.floor(draw() * 16).toString(16)).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)].join('-');
}

export interface World {
  readonly consumers: ConsumerRow[];
  readonly producers: ProducerRow[];
  readonly status: Status;
  readonly samples: readonly Sample[];
}

/** So many consumers, of whom about one in a hundred is away. */
export function worldOf(size: number, now: number): World {
  const consumers = Array.from({ length: size }, (_, n) => consumer(n, size, now)).sort(byProblem);
  const producers = Array.from({ length: Math.min(size, 5) }, (_, n) => producer(n, now));
  return { consumers, producers, status: statusOf(consumers, producers, now), samples: samplesOf(size, now) };
}

const ORDER = ['suspect', 'unavailable', 'invalid', 'denied', 'pending', 'available'];

export function byProblem(a: ConsumerRow, b: ConsumerRow): number {
  const order = ORDER.indexOf(a.state) - ORDER.indexOf(b.state);
  return order || (b.state_since ?? 0) - (a.state_since ?? 0) || (a.uuid < b.uuid ? -1 : 1);
}

function consumer(n: number, size: number, now: number): ConsumerRow {
  const draw = random(n + 77);
  const part = n / size;
  const state = part < 0.002 ? 'suspect' : part < 0.012 ? 'unavailable' : part < 0.0145 ? 'pending' : 'available';
  const down = state === 'unavailable' || state === 'suspect';
  const since =
    state === 'suspect'
      ? now - 20_000 - draw() * MIN
      : now - (down ? 4 * MIN + draw() ** 3 * 9 * DAY : DAY + draw() * 80 * DAY);
  const failing = Math.min(60, state === 'suspect' ? 2 : Math.ceil((now - since) / MIN));
  const recent = Array.from({ length: 60 }, (_, i) =>
    state === 'pending' ? '' : down && i >= 60 - failing ? 'x' : draw() < 0.004 ? 'x' : draw() < 0.003 ? '-' : '.',
  ).join('');
  const reason = REASONS[Math.floor(draw() * REASONS.length)] ?? 'timeout';
  return {
    kind: 'consumer',
    uuid: uuidOf(n),
    ip: `${String([198, 203][n % 2])}.${String([51, 0][n % 2])}.${String([100, 113][n % 2])}.${String(1 + (n % 250))}`,
    port: null,
    error: down ? reason : null,
    state,
    state_since: state === 'pending' ? null : Math.round(since),
    checked_at: state === 'pending' ? null : Math.round(now - draw() * 58_000),
    last_ok_at: state === 'pending' ? null : Math.round(down ? since - 30_000 : now - draw() * 58_000),
    last_seen: Math.round(now - draw() * 3 * MIN),
    latency_ms: state === 'available' ? Math.round(12 + draw() ** 4 * 700) : null,
    failures: down ? failing : 0,
    recent,
    knows_ip: !down,
    uptime_24h: state === 'pending' ? null : down ? 0.4 + draw() * 0.55 : draw() < 0.6 ? 1 : 0.985 + draw() * 0.014,
    uptime_7d: state === 'pending' ? null : down ? 0.8 + draw() * 0.18 : draw() < 0.3 ? 1 : 0.98 + draw() * 0.019,
    days: daysOf(n, now),
  };
}

function daysOf(n: number, now: number): NonNullable<ConsumerRow['days']> {
  const draw = random(n);
  return Array.from({ length: 90 }, (_, i) => {
    const failed = draw() < 0.9 ? 0 : Math.floor(draw() ** 3 * 700);
    return [Math.floor(now / DAY - 89 + i) * DAY, 1_440 - failed, failed, 2, 40 + Math.round(draw() * 9)];
  });
}

/** The hours of a week for the drawer. */
export function hoursOf(n: number, now: number): NonNullable<ConsumerRow['days']> {
  const draw = random(n + 5);
  return Array.from({ length: 168 }, (_, i) => {
    const failed = draw() < 0.93 ? 0 : Math.floor(draw() ** 2 * 60);
    return [Math.floor(now / HOUR - 167 + i) * HOUR, 60 - failed, failed, 0, 41];
  });
}

function producer(n: number, now: number): ProducerRow {
  const owes = n === 4;
  return {
    kind: 'producer',
    uuid: uuidOf(900_000 + n),
    ip: `192.0.2.${String(10 + n)}`,
    port: null,
    error: owes ? 'timeout' : null,
    state: owes ? 'owing' : 'knows',
    notified_ip: owes ? '203.0.113.2' : '203.0.113.7',
    notified_at: Math.round(now - 4 * MIN + n * 900),
    attempts: owes ? 6 : 0,
    next_at: owes ? now + 48_000 : null,
  };
}

function statusOf(consumers: readonly ConsumerRow[], producers: readonly ProducerRow[], now: number): Status {
  const counts = { available: 0, suspect: 0, unavailable: 0, pending: 0, denied: 0, invalid: 0 };
  for (const { state } of consumers) counts[state] += 1;
  const judged = counts.available + counts.suspect + counts.unavailable;
  const answering = counts.available + counts.suspect;
  const calling = Math.round(answering * 0.978);
  const share = (count: number, of: number) => ({ count, of, share: of === 0 ? null : count / of });
  const owing = producers.filter(({ state }) => state === 'owing');
  const lane = (peers: number, oldest: number, took: number) => ({
    peers,
    oldest_check_seconds: peers === 0 ? null : oldest,
    rounds: 8_412,
    skipped: 0,
    last_round_ms: took,
    running: null,
  });
  const failing = new Map<string, number>();
  for (const { error } of consumers) if (error !== null) failing.set(error, (failing.get(error) ?? 0) + 1);
  return statusSchema.parse({
    as_of: now,
    level: 'ok',
    summary: `Well connected: ${answering.toLocaleString('en-US')} of ${judged.toLocaleString('en-US')} consumers answer, ${String(producers.length - owing.length)} of ${String(producers.length)} producers know 203.0.113.7.`,
    case: 'well',
    problems: [],
    version: '0.2.0',
    node: 'v22.11.0',
    uuid: uuidOf(424_242),
    instance: 'a81c44',
    host: 'nas1',
    pid: 812,
    started_at: now - 3 * DAY,
    uptime_seconds: 3 * 86_400,
    stopping: false,
    heartbeat_at: now - 1_000,
    ip: {
      value: '203.0.113.7',
      since: now - 4 * MIN,
      known_by: ['dns', 'https'],
      checked_at: now - 40_000,
      sources: [
        { name: 'dns', at: now - 40_000, result: 'ok', answer: '203.0.113.7' },
        { name: 'https', at: now - 160_000, result: 'ok', answer: '203.0.113.7' },
      ],
      changes: [
        { at: now - 4 * MIN, ip: '203.0.113.7', previous: '203.0.113.2', agreed: ['dns', 'https'] },
        { at: now - 13 * DAY, ip: '203.0.113.2', previous: '203.0.113.61', agreed: ['dns', 'https'] },
        { at: now - 48 * DAY, ip: '203.0.113.61', previous: null, agreed: ['https', 'dns'] },
      ],
    },
    round: {
      number: 8_412,
      interval_ms: MIN,
      started_at: now - 38_000,
      finished_at: now - 37_000,
      next_at: now + 22_000,
      took_ms: 912,
      ok: counts.available,
      failed: counts.suspect,
    },
    lanes: {
      regular: lane(counts.available, 58, 912),
      suspect: lane(counts.suspect, 11, 5_012),
      pending: lane(counts.pending, 9, 5_003),
      unavailable: lane(counts.unavailable, 41, 5_009),
    },
    peers: { consumers: counts, producers: producers.length },
    failing: [...failing].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count),
    latency: { p50_ms: 41, p95_ms: 212, p99_ms: 612 },
    freshness_seconds: 58,
    isolated: false,
    line: [
      { scope: 'public IPv4', peers: judged, isolated_since: null, last_answer_at: judged === 0 ? null : now - 1_200 },
    ],
    outages: judged === 0 ? [] : [{ from: now - 9.4 * HOUR, to: now - 9.1 * HOUR }],
    redis: { up: true, since: now - 3 * DAY, reason: null, latency_ms: 0.4, unwritten_verdicts: 0, failing: [] },
    announcements: {
      pending: owing.length,
      oldest_seconds: owing.length === 0 ? null : 240,
      owing: owing.map(({ uuid, ip, attempts, error }) => ({ uuid, ip, attempts, error, next_at: now + 48_000 })),
      producers_know: share(producers.length - owing.length, producers.length),
      producer_states: {
        ...{ knows: producers.length - owing.length, owing: owing.length },
        ...{ untold: 0, denied: 0, invalid: 0 },
      },
      consumers_know: share(answering - Math.min(3, answering), answering),
    },
    reachability: {
      they_answer_us: share(answering, judged),
      they_call_us: judged === 0 ? null : share(calling, answering),
      last_call_at: judged === 0 ? null : now - 3_000,
    },
    config: {
      file: '/etc/consumer-scheduler/config.yaml',
      loaded_at: now - 2 * HOUR,
      rejected: null,
      needs_restart: [],
    },
    replicas: { role: 'leader', term: 17, holder: null, shares: null, members: [] },
  });
}

function samplesOf(size: number, now: number): readonly Sample[] {
  const draw = random(3);
  let away = size * 0.01;
  return Array.from({ length: 1_440 }, (_, i) => {
    const at = now - (1_440 - i) * MIN;
    const isolated = at > now - 9.4 * HOUR && at < now - 9.1 * HOUR;
    away = Math.max(3, away + (draw() < 0.04 ? Math.round((draw() - 0.5) * 6) : 0) - (away - size * 0.01) * 0.03);
    const busy = 1 + 0.4 * Math.sin(i / 230) + draw() * 0.03;
    return {
      at,
      round_ms: isolated ? 5_020 : Math.round(780 * busy + (draw() < 0.004 ? 2_400 : 0)),
      p50_ms: isolated ? null : Math.round(38 * busy),
      p95_ms: isolated ? null : Math.round(170 * busy + draw() * 8),
      p99_ms: isolated ? null : Math.round(430 * busy + draw() * 22),
      available: Math.round(size - away),
      suspect: draw() < 0.02 ? Math.round(draw() * 4) : 0,
      unavailable: Math.round(away),
      pending: draw() < 0.01 ? 4 : 0,
      freshness_s: isolated ? 61 + (i % 20) : 58 + (i % 240 < 40 ? 1 : 0),
      isolated,
      answered: Math.round(size - away),
      failed: Math.round(away),
    };
  });
}
