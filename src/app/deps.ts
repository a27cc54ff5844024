import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { EMPTY, fromEvent, type Observable } from 'rxjs';
import type { Logger } from 'winston';
import type { ClientOptions } from '../clients/httpClient.js';
import { nativeClient } from '../clients/native.js';
import { nodeFetchClient } from '../clients/nodeFetch.js';
import { redisFailure, type RedisClient } from '../clients/redis.js';
import { NO_FENCE } from '../clients/script.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Config } from '../config/config.js';
import type { Outbox } from '../domain/announce/outbox.js';
import type { PostJson } from '../domain/call/http.js';
import type { Clock } from '../domain/clock.js';
import type { HistorySize } from '../domain/history.js';
import type { IpSource } from '../domain/ip/source.js';
import { keysUnder, type Keys } from '../domain/keys.js';
import type { ProcessIdentity } from '../domain/leader.js';
import type { SchedulerEvent } from '../events.js';
import { Candidacy } from '../leader/candidacy.js';
import { RedisLease, type OwnName } from '../leader/redisLease.js';
import type { ShareEngine } from '../replicas/engine.js';
import { Leadership } from '../state/leadership.js';
import { Alarm } from '../state/alarm.js';
import { RedisOutbox } from '../outbox/redisOutbox.js';
import { Journal } from '../sinks/journal.js';
import { LogSink } from '../sinks/log/log.js';
import { SchedulerState } from '../sinks/schedulerState.js';
import { Series } from '../sinks/series.js';
import type { Sink } from '../sinks/sink.js';
import { WriteBack } from '../sinks/writeBack.js';
import { ofReplica, whileHeld } from '../sinks/whileHeld.js';
import type { ConfigChange } from '../sources/configFile.js';
import { ipSources } from '../sources/publicIp/sources.js';
import { RegistrySource } from '../sources/registry.js';
import { interfaceFamilies } from '../sources/interfaces.js';
import { Bell } from '../state/bell.js';
import { ClockWatch } from '../state/clockWatch.js';
import { HostFamilies } from '../state/hostFamilies.js';
import { OnlineEvidence } from '../state/onlineEvidence.js';
import { PeerBook } from '../state/peerBook.js';
import { SoleShares, type Shares } from '../state/shares.js';
import { UndecidedFailures } from '../state/undecided.js';
import { EventFeed } from '../status/feed.js';
import type { RegistryReader } from '../streams/sync/sweep.js';
import { version } from '../version.js';
import { share, type Sharing } from './replica.js';

/** What lasts as long as the process, made once. */
export interface Parts {
  readonly clock: Clock;
  readonly clockWatch: Pick<ClockWatch, 'epoch' | 'lastGapMs'>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A short safe text for what a Redis call rejected with. */
  readonly explain: (error: unknown) => string;
  /** Resolves where Redis is there and serves our keys. */
  readonly pingRedis: () => Promise<unknown>;
  /** Each new connection to Redis; behind it may be a server that has lost its data. */
  readonly redisConnected$: Observable<unknown>;
  readonly registry: RegistryReader & { count(): Promise<number> };
  /** The HTTP client, by the configuration: its TLS files may change. */
  readonly post: (config: Config) => PostJson;
  readonly ipSources: (config: Pick<Config, 'publicIp' | 'network'>) => readonly IpSource[];
  readonly book: PeerBook;
  /** Which peers are ours to call. */
  readonly shares: Shares;
  /** Set where others share the registry with us. */
  readonly sharing: Sharing | undefined;
  readonly evidence: OnlineEvidence;
  readonly undecided: UndecidedFailures;
  readonly families: HostFamilies;
  /** Rung when a lane has peers that should not wait for its next tick. */
  readonly bell: Bell;
  /** The names of the IP sources with a lookup under way, for any purpose. */
  readonly busySources: Set<string>;
  readonly outbox: Outbox;
  /** Wakes the poller of the outbox. */
  readonly alarm: Alarm;
  readonly writeBack: Pick<WriteBack, 'settle'>;
  /** What is kept of each consumer from now on. */
  readonly setHistory: (size: HistorySize) => void;
  /** Whether we work on the registry, and how we go for it. */
  readonly leadership: Leadership;
  readonly candidacy: Pick<Candidacy, 'beat' | 'release'>;
  readonly leaseMs: number;
  /** In the order in which they are flushed. */
  readonly sinks: readonly Sink[];
  /** Serves what can be seen of this node, for as long as it is subscribed to. */
  readonly statusServer: (config$: Observable<Config>) => Observable<SchedulerEvent>;
  /** Tells others how we are, for as long as it is subscribed to: webhooks, a service manager. */
  readonly reports: (config$: Observable<Config>) => Observable<SchedulerEvent>;
}

/** What the process gives the pipeline, and what the pipeline asks of it. */
export interface Io {
  /** The signal to stop, by name; replayed. */
  readonly signal$: Observable<string>;
  readonly configChange$: Observable<ConfigChange>;
  /** What else has to run beside the pipeline: the embedded Redis. */
  readonly companion$: Observable<SchedulerEvent>;
  /** Makes the log as it is configured now. */
  readonly setLog: (log: Config['log']) => void;
}

/** Everything that the pipeline works with; each part of it takes the `Pick` that it may touch. */
export interface Deps extends Parts, Pick<Io, 'companion$' | 'setLog'> {
  /** The configuration in force, replayed; each round, poll and attempt takes it as it is when it starts. */
  readonly config$: Observable<Config>;
  readonly configEvent$: Observable<SchedulerEvent>;
  /** Whether Redis can be used, replayed, each time that it changes. */
  readonly redisHealth$: Observable<{ readonly up: true } | { readonly up: false; readonly reason: string }>;
  /** Fires when nothing new is to be started, and is replayed. */
  readonly stop$: Observable<string>;
  /** Fires when what is in flight is given up as well. */
  readonly killed$: Observable<unknown>;
}

/** What the status server reads besides. */
export interface Seen {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly feed: EventFeed;
  readonly series: Series;
  readonly instance: string;
  /** How long the last PING of Redis took, in milliseconds. */
  readonly redisLatencyMs: () => number | undefined;
}

/** What the daemon is besides, and a command beside it is not: a candidate for the registry, or for a part of it. */
export interface Candidate {
  readonly identity: ProcessIdentity | undefined;
  /** What hands out shares of the registry; undefined where it is not divided. */
  readonly engine: ShareEngine | undefined;
}

export function makeParts(
  config: Config,
  redis: RedisClient,
  logger: Logger,
  candidate?: Candidate,
): Parts & { readonly writeBack: WriteBack; readonly seen: Seen } {
  const steady = (): number => performance.now();
  const wall = (): number => Date.now();
  const clockWatch = new ClockWatch(steady, wall);
  const keys = keysUnder(config.redis.keyPrefix);
  const userAgent = `consumer-scheduler/${version}`;
  const evidence = new OnlineEvidence();
  const engine = candidate?.engine;
  const divides = engine !== undefined;
  const book = new PeerBook(config.network.allow, divides ? (scope) => evidence.generation(scope) : undefined);
  const leadership = new Leadership();
  // A command that works beside the daemon asks for no lease.
  const fence = candidate === undefined ? NO_FENCE : leadership.fence;
  const own = ownName(config, divides);
  const leaseMs = config.replicas.leaseMs;
  const identity = candidate?.identity;
  const lease = new RedisLease(redis, keys, own, leaseMs, identity);
  const { onForeign } = config.replicas;
  const candidacy = new Candidacy({
    lease,
    leadership,
    leaseMs,
    uuid: config.uuid,
    onForeign,
    shares: divides,
    mayTake: () => config.replicas.lead && sharing?.whereabouts.elsewhere !== true,
    identity,
    steady,
    explain: redisFailure,
  });
  const { uuid, instance, host, name } = own;
  const sharing = engine && share(config, { redis, keys, engine, own, book, leadership, clock: { steady, wall } });
  const shares = sharing?.shares ?? new SoleShares(keys.leader, fence);
  const checkedBy = divides ? name : '';
  const writeBack = new WriteBack(redis, keys, book, wall, redisFailure, config.history, shares, checkedBy);
  const stateFields = { uuid, version, instance, host, pid: process.pid };
  const state = new SchedulerState(redis, keys, stateFields, wall, redisFailure, fence, divides);
  const feed = new EventFeed(redis, keys, wall);
  const journal = new Journal(redis, keys, wall, redisFailure, feed, divides ? name : undefined);
  const series = new Series(redis, keys, book, wall, redisFailure);
  let redisLatencyMs: number | undefined;
  // Of a cluster any node would answer a PING, also while the one with our keys is gone.
  const ping = () => withTimeout<unknown>(redis.isCluster ? redis.exists(keys.scheduler) : redis.ping());
  return {
    clock: { wall, steady, epoch: () => clockWatch.epoch() },
    clockWatch,
    random: Math.random,
    explain: redisFailure,
    pingRedis: async () => {
      const askedAt = steady();
      await ping();
      redisLatencyMs = steady() - askedAt;
    },
    redisConnected$: fromEvent(redis, 'ready'),
    registry: new RegistrySource(redis, keys),
    post: rememberLast(({ client, tls }) => CLIENTS[client]({ userAgent, tls })),
    ipSources: ({ publicIp, network }) => ipSources({ ...publicIp, allow: network.allow }, userAgent),
    book,
    shares,
    sharing,
    evidence,
    undecided: new UndecidedFailures(steady),
    families: new HostFamilies(interfaceFamilies),
    bell: new Bell(),
    busySources: new Set(),
    outbox: new RedisOutbox(redis, keys, wall, fence),
    alarm: new Alarm(),
    writeBack,
    setHistory: (size) => {
      writeBack.keepHistory(size);
    },
    leadership,
    candidacy,
    leaseMs,
    sinks: [
      ...(sharing === undefined
        ? [writeBack, state, journal, series].map((sink) => whileHeld(sink, leadership))
        : [
            ...[writeBack, whileHeld(state, leadership), ofReplica(journal, leadership)],
            ...[whileHeld(series, leadership), sharing.fields],
          ]),
      new LogSink(logger),
    ],
    statusServer: () => EMPTY,
    reports: () => EMPTY,
    seen: { redis, keys, feed, series, instance, redisLatencyMs: () => redisLatencyMs },
  };
}

function ownName(config: Config, divides: boolean): OwnName {
  const host = hostname();
  const { name = host, shares } = config.replicas;
  const ofShares = divides ? shares : undefined;
  return { instance: randomUUID(), uuid: config.uuid, name, host, version, ofShares };
}

type HttpSettings = Config['http'];

const CLIENTS: Readonly<Record<HttpSettings['client'], (options: ClientOptions) => PostJson>> = {
  'node-fetch': nodeFetchClient,
  native: nativeClient,
};

/**
 * One client for as long as the settings of HTTP stay the same. A reload makes new objects, so their values are
 * compared.
 */
function rememberLast(make: (settings: HttpSettings) => PostJson): (config: Config) => PostJson {
  let last: { settings: HttpSettings; readonly post: PostJson } | undefined;
  return ({ http: settings }) => {
    if (last?.settings === settings) return last.post;
    if (last !== undefined && isDeepStrictEqual(last.settings, settings)) last.settings = settings;
    else last = { settings, post: make(settings) };
    return last.post;
  };
}
