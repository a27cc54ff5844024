import type { Config } from '../config/config.js';
import { isLineEvidence } from '../domain/ip/scope.js';
import type { Lane } from '../domain/peer/peer.js';
import type { PeerBook } from '../state/peerBook.js';
import type { Leadership } from '../state/leadership.js';
import { census, type Census } from './census.js';
import type { Observations } from './observations.js';
import type { Picture } from './picture.js';
import type { ProbeInput } from './probes.js';
import { countStates, type RegistryPicture, type RegistryView } from './registryView.js';
import type { Status } from './schema.js';
import { answering, CALL_INTERVALS } from './shares.js';
import { verdictOf } from './verdict.js';

/** The identity of this process. */
export interface Identity {
  readonly uuid: string;
  readonly version: string;
  readonly node: string;
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  /** The configuration file; undefined without one. */
  readonly configFile: string | undefined;
}

/** The state of a replica. */
export interface SharingView {
  readonly shares: { readonly size: number; readonly count: number; readonly doubtful: boolean };
  readonly vantagePoint: { readonly elsewhere: boolean };
  readonly works: boolean;
}

export interface ReportSource {
  readonly identity: Identity;
  readonly config: () => Config;
  readonly book: PeerBook;
  readonly observations: Observations;
  readonly registry: Pick<RegistryView, 'read'>;
  readonly leadership: Pick<Leadership, 'leads' | 'term'>;
  /** Set if the registry is divided. */
  readonly sharing: SharingView | undefined;
  /** Duration of the last PING of Redis, in milliseconds. */
  readonly redisLatencyMs: () => number | undefined;
  readonly wall: () => number;
}

/** How long the result of a pass over the book is reused. */
const CENSUS_MS = 500;
/** Maximum number of listed producers without an ack. */
const MAX_NAMED = 100;
const DAY_MS = 86_400_000;

/** The state of this node, for the API, the page and the metrics. */
export class Report {
  #census: Census | undefined;

  constructor(private readonly source: ReportSource) {}

  async status(): Promise<Status> {
    const registry = await this.source.registry.read();
    const now = this.source.wall();
    const found = this.census(now, registry);
    return toStatus(this.source, now, found, registry);
  }

  /** The input of the probes, from memory only, because probes come every few seconds. */
  probeInput(): ProbeInput {
    const { observations: seen, wall } = this.source;
    const { up, reason = null } = seen.redis;
    return {
      as_of: wall(),
      heartbeat_at: seen.heartbeatAt,
      isolated: seen.isIsolated(),
      stopping: seen.stoppingSince !== undefined,
      redis: { up, reason },
      lanes: { regular: { rounds: seen.lanes.regular.rounds } },
      replicas: { role: roleOf(this.source), holder: seen.holder ?? null, shares: sharesOf(this.source) },
    };
  }

  /** A pass over the book, repeated when the last result is old. */
  census(now: number, registry?: RegistryPicture): Census {
    const { book, observations, config } = this.source;
    const last = this.#census;
    if (last !== undefined && now >= last.at && now - last.at < CENSUS_MS) return last;
    return (this.#census = census(book, now, {
      called: now - CALL_INTERVALS * config().sync.intervalMs,
      answered: changedAt(observations, registry) ?? 0,
    }));
  }
}

/** A process that has not held the lease yet is a standby. */
function roleOf({ leadership, sharing }: Pick<ReportSource, 'leadership' | 'sharing'>): Picture['role'] {
  if (leadership.leads) return 'leader';
  return sharing?.works === true ? 'member' : 'standby';
}

function sharesOf({ sharing }: Pick<ReportSource, 'sharing'>): Status['replicas']['shares'] {
  if (sharing === undefined) return null;
  const { shares, vantagePoint } = sharing;
  const { size: held, count: of, doubtful } = shares;
  return { held, of, in_doubt: doubtful, elsewhere: vantagePoint.elsewhere };
}

function changedAt({ ip }: Observations, registry: RegistryPicture | undefined): number | undefined {
  if (ip?.since !== undefined) return ip.since;
  return ip === undefined || registry?.ip === ip.value ? registry?.ipChangedAt : undefined;
}

/** The input of the summary and of the problems. */
function pictureOf(source: ReportSource, now: number, found: Census, registry: RegistryPicture | undefined): Picture {
  const { identity, config, book, observations: seen } = source;
  const { sync, publicIp } = config();
  const value = seen.ip?.value ?? registry?.ip;
  const know = value === undefined ? undefined : registry?.producers.filter((one) => one.notifiedIp === value).length;
  const owingSince = seen.owingSince ?? registry?.ipChangedAt;
  return {
    now,
    role: roleOf(source),
    otherWorks: seen.holder !== undefined,
    shares: sharesOf(source) ?? undefined,
    host: identity.host,
    pid: identity.pid,
    startedAt: seen.startedAt,
    heartbeatAt: seen.heartbeatAt,
    stopped: false,
    redis: { ...seen.redis, unwritten: book.unwrittenCount },
    redisFailing: [...seen.redisFailing].map(([what, { since, reason }]) => ({ since, text: `${what}: ${reason}` })),
    isolated: [...seen.isolated]
      .filter(([, { peers }]) => isLineEvidence(peers))
      .map(([scope, { since }]) => ({ scope, since })),
    peers: book.counts(),
    denied: book.deniedClasses(),
    failing: found.failing,
    intervalMs: sync.intervalMs,
    round: {
      everFinished: seen.lanes.regular.rounds > 0,
      finishedAt: seen.lanes.regular.finishedAt,
      skippingSince: seen.skippingSince,
    },
    callers: found.callers,
    ip: {
      value: publicIp.override ?? value,
      since: changedAt(seen, registry),
      unknown: seen.ipUnknown,
      disagreed: seen.ipDisagreed,
      held: seen.ipHeld(now),
    },
    producersKnow:
      registry === undefined || know === undefined ? undefined : { count: know, of: registry.producers.length },
    consumersKnow: found.answeredSince,
    oldestOwingMs:
      registry === undefined || registry.pending === 0 || owingSince === undefined ? undefined : now - owingSince,
    missingFamilies: [...seen.missingFamilies].map(([family, one]) => ({ family, ...one })),
    hostShortSince: seen.hostShortSince,
    clockGap: seen.clockGap,
    configRejected: seen.configRejected && {
      since: seen.configRejected.at,
      text: seen.configRejected.problems.join('; '),
    },
    needsRestart:
      seen.needsRestart.size === 0
        ? undefined
        : { since: Math.min(...seen.needsRestart.values()), text: [...seen.needsRestart.keys()].join(', ') },
    failingNotifications: [...seen.failingNotifications].map(([target, { since, reason }]) => ({
      since,
      text: `${target}: ${reason}`,
    })),
  };
}

function toStatus(source: ReportSource, now: number, found: Census, registry: RegistryPicture | undefined): Status {
  const { identity, config, book, observations: seen } = source;
  const picture = pictureOf(source, now, found, registry);
  const verdict = verdictOf(picture);
  const { sync } = config();
  const { configFile, ...who } = identity;
  const lane = (name: Lane) => {
    const { rounds, skipped, lastMs, startedAt, finishedAt, done } = seen.lanes[name];
    const { peers, oldestCheckAt } = found.lanes[name];
    const running = startedAt !== undefined && (finishedAt === undefined || startedAt > finishedAt);
    return {
      peers,
      oldest_check_seconds: age(now, oldestCheckAt),
      rounds,
      skipped,
      last_round_ms: lastMs ?? null,
      running: running ? { started_at: startedAt, total: Math.max(peers, done), done } : null,
    };
  };
  const regular = seen.lanes.regular;
  const ofCounted = (count: number, of: number) => ({ count, of, share: of === 0 ? null : count / of });
  const answer = answering(picture);
  const oldest = oldestOf(found, ['regular', 'suspect', 'pending']);
  return {
    as_of: now,
    level: verdict.level,
    summary: verdict.summary,
    case: verdict.case,
    problems: [...verdict.problems],
    ...who,
    started_at: seen.startedAt,
    uptime_seconds: seconds(now - seen.startedAt),
    stopping: seen.stoppingSince !== undefined,
    heartbeat_at: seen.heartbeatAt,
    ip: {
      value: picture.ip.value ?? null,
      since: picture.ip.since ?? null,
      known_by: seen.ip === undefined ? (picture.ip.value === undefined ? [] : ['stored']) : [...seen.ip.agreed],
      checked_at: seen.ipCheckedAt ?? null,
      sources: [...seen.sources].map(([name, { at, result, answer: ip }]) => ({ name, at, result, answer: ip })),
      changes: [...(registry?.changes ?? [])],
    },
    round: {
      number: regular.number === 0 ? null : regular.number,
      interval_ms: sync.intervalMs,
      started_at: regular.startedAt ?? null,
      finished_at: regular.finishedAt ?? null,
      next_at: regular.startedAt === undefined ? null : regular.startedAt + sync.intervalMs,
      took_ms: regular.lastMs ?? null,
      ok: regular.finishedAt === undefined ? null : regular.ok,
      failed: regular.finishedAt === undefined ? null : regular.failed,
    },
    lanes: {
      regular: lane('regular'),
      suspect: lane('suspect'),
      pending: lane('pending'),
      unavailable: lane('unavailable'),
    },
    peers: { consumers: book.counts(), producers: registry?.producers.length ?? null },
    failing: [...found.failing],
    latency: {
      p50_ms: found.percentile(0.5) ?? null,
      p95_ms: found.percentile(0.95) ?? null,
      p99_ms: found.percentile(0.99) ?? null,
    },
    freshness_seconds: age(now, oldest),
    isolated: seen.isIsolated(),
    line: [...found.scopes].map(([scope, { peers, lastAnswerAt }]) => ({
      scope,
      peers,
      isolated_since: seen.isolated.get(scope)?.since ?? null,
      last_answer_at: lastAnswerAt ?? null,
    })),
    outages: seen.outages.filter(({ to }) => to === null || now - to < DAY_MS).map((one) => ({ ...one })),
    redis: {
      up: seen.redis.up,
      since: seen.redis.since ?? null,
      reason: seen.redis.reason ?? null,
      latency_ms: source.redisLatencyMs() ?? null,
      unwritten_verdicts: book.unwrittenCount,
      failing: [...seen.redisFailing].map(([what, { since, reason }]) => ({ what, since, reason })),
    },
    announcements: {
      pending: registry?.pending ?? null,
      oldest_seconds: picture.oldestOwingMs === undefined ? null : seconds(picture.oldestOwingMs),
      owing: owing(registry),
      producers_know: ofCounted(
        picture.producersKnow?.count ?? 0,
        picture.producersKnow?.of ?? registry?.producers.length ?? 0,
      ),
      producer_states: registry === undefined ? null : countStates(registry.producers, picture.ip.value),
      consumers_know: ofCounted(found.answeredSince.count, found.answeredSince.of),
    },
    reachability: {
      they_answer_us: ofCounted(answer.count, answer.of),
      they_call_us: picture.callers === undefined ? null : ofCounted(picture.callers.count, picture.callers.of),
      last_call_at: picture.callers?.lastAt ?? null,
    },
    config: {
      file: configFile ?? null,
      loaded_at: seen.configLoadedAt,
      rejected:
        seen.configRejected === undefined
          ? null
          : { at: seen.configRejected.at, problems: [...seen.configRejected.problems] },
      needs_restart: [...seen.needsRestart.keys()],
    },
    replicas: {
      ...{ role: picture.role, term: source.leadership.term ?? null, holder: seen.holder ?? null },
      shares: sharesOf(source),
      members: (registry?.replicas.members ?? []).map((one) => ({ ...one })),
    },
  };
}

/** The producers without an ack, those with most attempts first. */
function owing(registry: RegistryPicture | undefined): Status['announcements']['owing'] {
  const waiting = (registry?.producers ?? []).flatMap(({ uuid, ip, attempts, error, nextAt }) =>
    nextAt === null ? [] : [{ uuid, ip, attempts, error, next_at: nextAt }],
  );
  return waiting.sort((a, b) => b.attempts - a.attempts || (a.uuid < b.uuid ? -1 : 1)).slice(0, MAX_NAMED);
}

export function oldestOf({ lanes }: Census, of: readonly Lane[]): number | undefined {
  const times = of.flatMap((lane) => lanes[lane].oldestCheckAt ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

function age(now: number, at: number | undefined): number | null {
  return at === undefined ? null : seconds(now - at);
}

function seconds(ms: number): number {
  return Math.max(0, Math.round(ms / 100) / 10);
}
