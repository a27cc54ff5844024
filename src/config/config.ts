import type { AddressClass } from '../domain/ip/address.js';
import type { Parsed } from './schema.js';

/** How one kind of peer is called. */
export interface TargetConfig {
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly scheme: 'http' | 'https';
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The configuration as the program uses it: units in the names, nothing left to default. */
export interface Config {
  readonly uuid: string;
  readonly redis: {
    readonly url: string;
    readonly sentinel: { readonly name: string; readonly nodes: readonly string[] } | undefined;
    readonly cluster: readonly string[] | undefined;
    readonly keyPrefix: string;
    readonly dataDir: string;
  };
  readonly sync: TargetConfig & {
    readonly intervalMs: number;
    readonly jitter: number;
    readonly spread: number;
    readonly suspectIntervalMs: number;
    readonly unavailable: { readonly intervalMs: number; readonly concurrency: number };
  };
  readonly availability: { readonly fall: number; readonly rise: number };
  readonly publicIp: {
    readonly override: string | undefined;
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly family: 'ipv4' | 'ipv6';
    readonly quorum: number;
    readonly confirmations: number;
    readonly sources: readonly ('dns' | 'https' | { readonly url: string } | { readonly interface: string })[];
  };
  readonly announce: TargetConfig & { readonly retry: { readonly initialMs: number; readonly maxMs: number } };
  readonly http: {
    /** PEM texts; the files are read when the configuration is. */
    readonly tls: {
      readonly ca: string | undefined;
      readonly cert: string | undefined;
      readonly key: string | undefined;
    };
    readonly signing: { readonly secret: string | undefined };
  };
  readonly network: { readonly allow: readonly AddressClass[] };
  readonly status: { readonly enabled: boolean; readonly host: string; readonly port: number };
  readonly log: { readonly level: 'error' | 'warn' | 'info' | 'debug'; readonly format: 'auto' | 'json' | 'pretty' };
  readonly shutdown: { readonly graceMs: number };
}

/** Gives durations the names that say their unit. */
export function toConfig(parsed: Parsed): Config {
  const { uuid, redis, sync, availability, publicIp, announce, http, network, status, log, shutdown } = parsed;
  return {
    uuid,
    redis: { ...redis, sentinel: redis.sentinel, cluster: redis.cluster },
    sync: {
      ...targetOf(sync),
      intervalMs: sync.interval,
      jitter: sync.jitter,
      spread: sync.spread,
      suspectIntervalMs: sync.suspectInterval,
      unavailable: { intervalMs: sync.unavailable.interval, concurrency: sync.unavailable.concurrency },
    },
    availability,
    publicIp: {
      override: publicIp.override,
      intervalMs: publicIp.interval,
      timeoutMs: publicIp.timeout,
      family: publicIp.family,
      quorum: publicIp.quorum,
      confirmations: publicIp.confirmations,
      sources: publicIp.sources,
    },
    announce: {
      ...targetOf(announce),
      retry: { initialMs: announce.retry.initial, maxMs: announce.retry.max },
    },
    http: {
      tls: { ca: http.tls.ca, cert: http.tls.cert, key: http.tls.key },
      signing: { secret: http.signing.secret },
    },
    network,
    status,
    log,
    shutdown: { graceMs: shutdown.grace },
  };
}

function targetOf(target: Parsed['sync'] | Parsed['announce']): TargetConfig {
  const { timeout, concurrency, scheme, port, path, headers } = target;
  return { timeoutMs: timeout, concurrency, scheme, port, path, headers };
}
