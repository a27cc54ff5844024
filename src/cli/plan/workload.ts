import { duration } from '../../config/duration.js';
import type { Config } from '../../config/config.js';
import { loadConfig, type LoadOptions } from '../../config/load.js';
import { UsageError } from '../commandError.js';
import { NO_UUID } from '../noUuid.js';

/** The options as written on the command line. */
export interface PlanFlags {
  readonly peers: string;
  readonly producers: string;
  readonly interval?: string;
  readonly timeout?: string;
  readonly silent: string;
  readonly latency: string;
}

/** The workload of a node, and its settings. */
export interface Workload {
  readonly peers: number;
  readonly producers: number;
  /** The fraction of peers that never answer. */
  readonly silent: number;
  /** Latency of the other peers. */
  readonly latencyMs: number;
  readonly settings: Settings;
}

export type Settings = Pick<Config, 'sync' | 'announce' | 'availability' | 'publicIp' | 'history' | 'http'>;

const MAX_PEERS = 10_000_000;

/** The settings from the configuration or the defaults, overridden by the options. */
export async function workloadOf(options: LoadOptions, flags: PlanFlags): Promise<Workload> {
  // A plan needs no UUID, and so no configuration.
  const { config } = await loadConfig({ ...options, env: { LOCAL_UUID: NO_UUID, ...options.env } });
  const { intervalMs, timeoutMs } = config.sync;
  return {
    peers: count('--peers', flags.peers),
    producers: count('--producers', flags.producers),
    silent: share('--silent', flags.silent),
    latencyMs: milliseconds('--latency', flags.latency, duration(1)),
    settings: {
      ...config,
      sync: {
        ...config.sync,
        intervalMs: optional('--interval', flags.interval, duration(50)) ?? intervalMs,
        timeoutMs: optional('--timeout', flags.timeout, duration(10)) ?? timeoutMs,
      },
    },
  };
}

function count(option: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= MAX_PEERS) return number;
  throw new UsageError(`${option}: expected a whole number from 0 to ${MAX_PEERS}`);
}

function share(option: string, text: string): number {
  const [, number, sign] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const value = number === undefined ? NaN : Number(number) / (sign === '%' ? 100 : 1);
  if (value <= 1) return value;
  throw new UsageError(`${option}: expected a share such as 5% or 0.05, at most 100%`);
}

type DurationSchema = ReturnType<typeof duration>;

function optional(option: string, text: string | undefined, schema: DurationSchema): number | undefined {
  return text === undefined ? undefined : milliseconds(option, text, schema);
}

function milliseconds(option: string, text: string, schema: DurationSchema): number {
  const plain = /^\d+$/.test(text) ? Number(text) : text;
  const result = schema.safeParse(plain);
  if (result.success) return result.data.ms;
  throw new UsageError(`${option}: ${result.error.issues[0]?.message ?? 'expected a duration'}`);
}
