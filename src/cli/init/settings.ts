import { stringify } from 'yaml';
import { schema } from '../../config/config.js';
import { problemsOf } from '../../config/problem.js';
import { UsageError } from '../commandError.js';

/** The settings of a first configuration. */
export interface Settings {
  readonly uuid: string;
  readonly redisUrl: string;
  /** Whether peers may be in a private network. */
  readonly lan: boolean;
}

/** The option of each key. */
const OPTIONS: Readonly<Record<string, string>> = { uuid: '--uuid', 'redis.url': '--redis' };

/** The faults of the configuration; empty if it is valid. */
export function faultsOf({ uuid, redisUrl }: Pick<Settings, 'uuid' | 'redisUrl'>): readonly string[] {
  const result = schema.safeParse({ uuid, redis: { url: redisUrl } });
  if (result.success) return [];
  return problemsOf(result.error, () => '').map(({ key, message }) => `${OPTIONS[key] ?? key}: ${message}`);
}

/** Throws a `UsageError` that lists every option with an invalid value. */
export function requireValid(settings: Settings): void {
  const faults = faultsOf(settings);
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
}

/** The text of the file, with a comment on each key and on the keys that are usually set next. */
export function configText({ uuid, redisUrl, lan }: Settings): string {
  const dataDir = '# Where the embedded redis-server keeps its data, counted from the folder of this file.';
  return `# Configuration of the consumer scheduler, written by \`consumer-scheduler init\`.
# A change takes effect while it runs. \`consumer-scheduler check-config\` prints every key with its value in force;
# docs/configuration.md in the package explains them.

# UUID of this node. The API of the node has to use the same one.
uuid: ${uuid}

# The database that scheduler and API share.
redis:
  # redis://user:password@host:6379/0, rediss://… (TLS), unix:///path, or embedded: a private redis-server.
  url: ${stringify(redisUrl, { lineWidth: 0 }).trimEnd()}
  ${dataDir}
  ${redisUrl === 'embedded' ? '' : '# '}dataDir: ./data
  # What every key begins with; the same as in the API.
  keyPrefix: 'p2p:'

sync:
  # Time between rounds. Each calls every consumer.
  interval: 60s

# Which addresses may be called: public, private (RFC 1918, ULA, CGNAT), loopback.
network:
  allow: [${lan ? 'public, private' : 'public'}]

publicIp:
  # Set this where our address is known and never changes; then nobody is asked for it.
  # override: 203.0.113.7
  # ipv4 or ipv6.
  family: ipv4

# The status page. On another address than the loopback one, set status.token as well.
status:
  host: 127.0.0.1
  port: 9464

log:
  # error, warn, info or debug.
  level: info
`;
}
