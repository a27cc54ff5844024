import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { EMPTY, fromEvent, merge, type Observable } from 'rxjs';
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
import { RedisLease, type InstanceInfo } from '../leader/redisLease.js';
import type { ShareEngine } from '../replicas/engine.js';
import { Leadership } from '../state/leadership.js';
import { InterruptibleSleep } from '../state/interruptibleSleep.js';
import { RedisOutbox } from '../outbox/redisOutbox.js';
import { Journal } from '../sinks/journal.js';
import { LogSink } from '../sinks/log/log.js';
import { SchedulerState } from '../sinks/schedulerState.js';
import { Series } from '../sinks/series.js';
import type { Sink } from '../sinks/sink.js';
import { WriteBack } from '../sinks/writeBack.js';
import { whileHeld, withoutLeaderEvents } from '../sinks/whileHeld.js';
import type { ConfigChange } from '../sources/configFile.js';
import { ipSources } from '../sources/publicIp/sources.js';
import { RegistrySource } from '../sources/registry.js';
import { interfaceFamilies } from '../sources/interfaces.js';
import { RoundTrigger } from '../state/roundTrigger.js';
import { ClockWatch } from '../state/clockWatch.js';
import { HostFamilies } from '../state/hostFamilies.js';
import { OnlineEvidence } from '../state/onlineEvidence.js';
import { PeerBook } from '../state/peerBook.js';
import { SoleShares, type Shares } from '../state/shares.js';
import { SourceBreaker } from '../state/sourceBreaker.js';
import { UndecidedFailures } from '../state/undecided.js';
import { EventFeed } from '../status/feed.js';
import type { RunningLookUps } from '../streams/ip/lookUp.js';
import type { RegistryReader } from '../streams/sync/sweep.js';
import { version } from '../version.js';
import { share, type Sharing } from './replica.js';

/** The parts that live as long as the process. */
export interface Parts {
  readonly clock: Clock;
  readonly clockWatch: Pick<ClockWatch, 'epoch' | 'lastGapMs'>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Returns a short, safe text for a rejected Redis call. */
  readonly explain: (error: unknown) => string;
  /** Resolves if Redis is reachable and serves our keys. */
  readonly pingRedis: () => Promise<unknown>;
  /** The end of a connection to Redis. */
  readonly redisLost$: Observable<unknown>;
  /** Each new connection to Redis. The server behind it may have lost its data. */
  readonly redisConnected$: Observable<unknown>;
  readonly registry: RegistryReader & { count(): Promise<number> };
  /** The HTTP client for a configuration, because its TLS files may change. */
  readonly post: (config: Config) => PostJson;
  readonly ipSources: (config: Pick<Config, 'publicIp' | 'network'>) => readonly IpSource[];
  readonly book: PeerBook;
  /** Which peers this process may call. */
  readonly shares: Shares;
  /** Set if replicas share the registry. */
  readonly sharing: Sharing | undefined;
  readonly evidence: OnlineEvidence;
  readonly undecided: UndecidedFailures;
  readonly families: HostFamilies;
  /** Triggered when a lane has peers that should not wait for its next tick. */
  readonly roundTrigger: RoundTrigger;
  /** The running lookups of IP sources, of any kind. */
  readonly lookUps: RunningLookUps;
  /** Decides which IP sources to skip. */
  readonly sourceBreaker: SourceBreaker;
  readonly outbox: Outbox;
  /** The sleep of the outbox poller. */
  readonly outboxSleep: InterruptibleSleep;
  readonly writeBack: Pick<WriteBack, 'settle'>;
  /** Sets the retention of the history of each consumer. */
  readonly setHistory: (size: HistorySize) => void;
  /** Whether this process works on the registry, and its attempts to acquire the lease. */
  readonly leadership: Leadership;
  readonly candidacy: Pick<Candidacy, 'beat' | 'release'>;
  readonly leaseMs: number;
  /** In the order in which they are flushed. */
  readonly sinks: readonly Sink[];
  /** Runs the status server while subscribed. */
  readonly statusServer: (config$: Observable<Config>) => Observable<SchedulerEvent>;
  /** Sends reports while subscribed: to webhooks and to a service manager. */
  readonly reports: (config$: Observable<Config>) => Observable<SchedulerEvent>;
}

/** The inputs and outputs that the process provides for the pipeline. */
export interface Io {
  /** The name of the stop signal, replayed. */
  readonly signal$: Observable<string>;
  readonly configChange$: Observable<ConfigChange>;
  /** A service that has to run beside the pipeline: the embedded Redis. */
  readonly companion$: Observable<SchedulerEvent>;
  /** Applies the current log settings. */
  readonly setLog: (log: Config['log']) => void;
}

/** All dependencies of the pipeline. Each part takes the `Pick` that it needs. */
export interface Deps extends Parts, Pick<Io, 'companion$' | 'setLog'> {
  /** The current configuration, replayed. Each round, poll and attempt uses the one at its start. */
  readonly config$: Observable<Config>;
  readonly configEvent$: Observable<SchedulerEvent>;
  /** Whether Redis can be used. Emits each change and replays the last. */
  readonly redisHealth$: Observable<{ readonly up: true } | { readonly up: false; readonly reason: string }>;
  /** Fires when nothing new may start. It is replayed. */
  readonly stop$: Observable<string>;
  /** Fires when work in flight is aborted too. */
  readonly killed$: Observable<unknown>;
}

/** Further inputs of the status server. */
export interface StatusInputs {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly feed: EventFeed;
  readonly series: Series;
  readonly instance: string;
  /** Duration of the last PING of Redis, in milliseconds. */
  readonly redisLatencyMs: () => number | undefined;
}

/** What only the daemon has, and no command beside it: a candidacy for the registry, or for shares of it. */
export interface Candidate {
  readonly identity: ProcessIdentity | undefined;
  /** The share engine, or undefined if the registry is not divided. */
  readonly engine: ShareEngine | undefined;
}

export function makeParts(
  config: Config,
  redis: RedisClient,
  logger: Logger,
  candidate?: Candidate,
): Parts & { readonly writeBack: WriteBack; readonly statusInputs: StatusInputs } {
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
  // A command beside the daemon takes no lease.
  const fence = candidate === undefined ? NO_FENCE : leadership.fence;
  const own = instanceInfo(config, divides);
  const leaseMs = config.replicas.leaseMs;
  const identity = candidate?.identity;
  const lease = new RedisLease(redis, keys, own, leaseMs, identity);
  const { onForeign } = config.replicas;
  const candidacy = new Candidacy({
    lease,
    leadership,
    leaseMs,
    instance: own.instance,
    uuid: config.uuid,
    onForeign,
    shares: divides,
    mayTake: () => config.replicas.lead && sharing?.vantagePoint.elsewhere !== true,
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
  // In a cluster any node answers a PING, even while the node with our keys is down.
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
    // A cluster reports the connection to each node.
    redisLost$: merge(fromEvent(redis, 'close'), fromEvent(redis, '-node')),
    redisConnected$: fromEvent(redis, 'ready'),
    registry: new RegistrySource(redis, keys),
    post: rememberLast(
      ({ http }: Config) => http,
      ({ client, tls }) => CLIENTS[client]({ userAgent, tls }),
    ),
    ipSources: rememberLast(
      ({ publicIp: { sources, family }, network: { allow } }: Pick<Config, 'publicIp' | 'network'>) => {
        return { sources, family, allow };
      },
      (settings) => ipSources(settings, userAgent),
    ),
    book,
    shares,
    sharing,
    evidence,
    undecided: new UndecidedFailures(steady),
    families: new HostFamilies(interfaceFamilies),
    roundTrigger: new RoundTrigger(),
    lookUps: new Map(),
    sourceBreaker: new SourceBreaker(Math.random),
    outbox: new RedisOutbox(redis, keys, wall, fence),
    outboxSleep: new InterruptibleSleep(),
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
            ...[writeBack, whileHeld(state, leadership), withoutLeaderEvents(journal, leadership)],
            ...[whileHeld(series, leadership), sharing.fields],
          ]),
      new LogSink(logger),
    ],
    statusServer: () => EMPTY,
    reports: () => EMPTY,
    statusInputs: { redis, keys, feed, series, instance, redisLatencyMs: () => redisLatencyMs },
  };
}

function instanceInfo(config: Config, divides: boolean): InstanceInfo {
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

/** Keeps one result while its settings stay the same. A reload creates new objects, so their values are compared. */
function rememberLast<C, S, T>(settingsOf: (config: C) => S, make: (settings: S) => T): (config: C) => T {
  let last: { settings: S; readonly made: T } | undefined;
  return (config) => {
    const settings = settingsOf(config);
    if (last?.settings === settings) return last.made;
    if (last !== undefined && isDeepStrictEqual(last.settings, settings)) last.settings = settings;
    else last = { settings, made: make(settings) };
    return last.made;
  };
}
