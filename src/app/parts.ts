import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'winston';
import { nodeFetchClient } from '../clients/nodeFetch.js';
import { redisFailure, type RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../domain/clock.js';
import { ClockWatch } from '../state/clockWatch.js';
import { OnlineEvidence } from '../state/onlineEvidence.js';
import type { PostJson } from '../domain/call/http.js';
import { keysUnder } from '../domain/keys.js';
import { PeerBook } from '../state/peerBook.js';
import type { Sinks } from '../sinks/sink.js';
import { Journal } from '../sinks/journal.js';
import { RedisOutbox } from '../outbox/redisOutbox.js';
import { LogSink } from '../sinks/log/log.js';
import { SchedulerState } from '../sinks/schedulerState.js';
import { WriteBack } from '../sinks/writeBack.js';
import { RegistrySource } from '../sources/registry.js';
import { version } from '../version.js';

/** The building blocks that last as long as the process, made once by the composition root. */
export interface Parts {
  /** Resolves where Redis is there and serves our keys. */
  readonly pingRedis: () => Promise<unknown>;
  readonly clock: Clock;
  readonly watch: ClockWatch;
  readonly explain: (error: unknown) => string;
  readonly client: (config: Config) => PostJson;
  readonly userAgent: string;
  readonly registry: RegistrySource;
  readonly table: PeerBook;
  readonly evidence: OnlineEvidence;
  readonly verdicts: WriteBack;
  readonly outbox: RedisOutbox;
  readonly sinks: Sinks;
  readonly log: LogSink;
}

export function makeParts(config: Config, redis: RedisClient, logger: Logger): Parts {
  const steady = (): number => performance.now();
  const wall = (): number => Date.now();
  const watch = new ClockWatch(steady, wall);
  const keys = keysUnder(config.redis.keyPrefix);
  const userAgent = `consumer-scheduler/${version}`;
  const verdicts = new WriteBack(redis, keys, wall, redisFailure);
  const state = new SchedulerState(redis, keys, { uuid: config.uuid, version });
  const journal = new Journal(redis, keys);
  return {
    // Of a cluster any node would answer a PING, also while the one with our keys is gone.
    pingRedis: () => withTimeout<unknown>(redis.isCluster ? redis.exists(keys.scheduler) : redis.ping()),
    clock: { wall, steady, epoch: () => watch.epoch() },
    watch,
    explain: redisFailure,
    client: rememberLast((tls: Config['http']['tls']) => nodeFetchClient({ userAgent, tls })),
    userAgent,
    registry: new RegistrySource(redis, keys),
    table: new PeerBook(),
    evidence: new OnlineEvidence(),
    verdicts,
    outbox: new RedisOutbox(redis, keys, wall),
    sinks: { verdicts, state, journal },
    log: new LogSink(logger),
  };
}

/** One client for as long as the TLS settings stay the same. */
function rememberLast(make: (tls: Config['http']['tls']) => PostJson): (config: Config) => PostJson {
  let last: { readonly tls: Config['http']['tls']; readonly client: PostJson } | undefined;
  return ({ http: { tls } }) => {
    if (last === undefined || !isDeepStrictEqual(last.tls, tls)) last = { tls, client: make(tls) };
    return last.client;
  };
}
