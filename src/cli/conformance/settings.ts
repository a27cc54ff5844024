import type { Config } from '../../config/config.js';
import { duration } from '../../config/duration.js';
import { findConfigFile } from '../../config/file.js';
import { loadConfig, type LoadOptions } from '../../config/load.js';
import type { PeerKind } from '../../domain/peer/peer.js';
import { UUID } from '../../domain/peer/uuid.js';
import { UsageError } from '../commandError.js';
import { kindOf } from '../peers/kinds.js';
import { NO_UUID } from '../noUuid.js';

/** The options as given on the command line. */
export interface ConformanceFlags {
  readonly kind: string;
  readonly secret?: string;
  readonly redis?: string;
  readonly prefix?: string;
  readonly uuid?: string;
  readonly timeout?: string;
  readonly json?: boolean;
}

export interface Settings {
  readonly url: string;
  readonly kind: PeerKind;
  readonly secret: string | undefined;
  /** The UUID that the API should answer with, if given. */
  readonly own: string | undefined;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Config['http']['tls'];
  /** The URL of its registry, if the registry is to be checked. */
  readonly redis: string | undefined;
  readonly keyPrefix: string | undefined;
}

/** A placeholder for a Redis that is not used, so that the user need not configure one. */
const PLACEHOLDER_URL = 'redis://127.0.0.1';
const TIMEOUT = duration(100, 600_000);

/** The settings of the check, from the command line, then from the configuration or its defaults. */
export async function settingsOf(options: LoadOptions, text: string, flags: ConformanceFlags): Promise<Settings> {
  const { redis, prefix, secret } = flags;
  const kind = kindOf(flags.kind);
  if (secret === '') throw new UsageError('--secret: expected a text');
  if (prefix !== undefined && redis === undefined) throw new UsageError('--prefix: expected --redis with it');
  const ofConsumers = Object.entries({ '--redis': redis, '--uuid': flags.uuid });
  for (const [name, value] of ofConsumers) {
    if (value !== undefined && kind === 'producer') throw new UsageError(`${name}: a producer has none`);
  }
  const file = await findConfigFile(options);
  const { config } = await loadConfig({
    ...options,
    spareUuid: NO_UUID,
    redis: file === undefined ? PLACEHOLDER_URL : undefined,
  });
  const { path, timeoutMs, headers } = kind === 'consumer' ? config.sync : config.announce;
  return {
    url: urlOf(text, path),
    kind,
    secret: secret ?? config.http.signing.secret,
    own: ownOf(flags.uuid),
    timeoutMs: timeoutOf(flags.timeout) ?? timeoutMs,
    headers: headers,
    tls: config.http.tls,
    redis,
    keyPrefix: prefix ?? config.redis.keyPrefix,
  };
}

/** Adds the configured path if the URL has none. */
function urlOf(text: string, path: string): string {
  if (!/^https?:\/\//.test(text)) throw new UsageError('the URL: expected http:// or https://');
  if (!URL.canParse(text)) throw new UsageError('the URL: expected one with a host');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new UsageError('the URL: expected one without a login');
  return url.pathname === '/' && url.search === '' ? new URL(path, url).href : url.href;
}

function ownOf(uuid: string | undefined): string | undefined {
  if (uuid !== undefined && !UUID.test(uuid)) throw new UsageError('--uuid: expected a UUID');
  return uuid?.toLowerCase();
}

function timeoutOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const { data, error } = TIMEOUT.safeParse(text);
  if (error !== undefined) throw new UsageError(`--timeout: ${error.issues[0]?.message ?? ''}`);
  return data.ms;
}
