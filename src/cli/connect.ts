import { once } from 'node:events';
import type { Observable } from 'rxjs';
import { embeddedSocket, hasDatabase } from '../clients/embeddedFolder.js';
import { isListening } from '../clients/folderLock.js';
import {
  closeRedis,
  describeRedis,
  firstAttempt,
  openRedis,
  redisFailure,
  type RedisClient,
  type RedisLocation,
} from '../clients/redis.js';
import type { Config } from '../config/config.js';
import type { SchedulerEvent } from '../events.js';
import { CommandError } from './commandError.js';

/** A connection to the Redis of the registry. */
export interface Connection {
  readonly redis: RedisClient;
  /** Keeps the embedded server running; set if this process has started it. */
  readonly companion$?: Observable<SchedulerEvent>;
  close(): Promise<void>;
}

/**
 * Connects to the configured Redis, and starts the embedded one if configured. Redis may be unreachable. Once `stop`
 * has fired nothing is waited for: it rejects with that reason if the embedded server has not started yet.
 */
export async function connectTo(redis: Config['redis'], wall: () => number, stop?: AbortSignal): Promise<Connection> {
  if (redis.url !== 'embedded' || redis.sentinel !== undefined || redis.cluster !== undefined) {
    return opened(openRedis(locationOf(redis)), { stop });
  }
  // Most commands start no server, so they do not load this code.
  const { EmbeddedRedis } = await import('../clients/embeddedRedis.js');
  const server = await EmbeddedRedis.start(redis.dataDir, { stop });
  return opened(openRedis({ socketPath: server.socketPath }), {
    companion$: server.supervise(wall),
    after: () => server.stop(),
    stop,
  });
}

/**
 * The same for a command beside the daemon. It uses the embedded server of the daemon if that runs. Rejects with a
 * `CommandError` if Redis is unreachable, or if the embedded server has no database yet.
 */
export async function connectNow(redis: Config['redis'], wall: () => number): Promise<Connection> {
  const socketPath = embeddedSocket(redis.dataDir);
  const shared = redis.url === 'embedded' && (await isListening(socketPath));
  if (redis.url === 'embedded' && !shared && !(await hasDatabase(redis.dataDir))) {
    throw new CommandError(`redis.dataDir: there is no database in ${redis.dataDir}; the first \`run\` makes it`);
  }
  const connection = shared ? await opened(openRedis({ socketPath })) : await connectTo(redis, wall);
  try {
    await connection.redis.ping();
    return connection;
  } catch (error) {
    await connection.close();
    const place =
      redis.url === 'embedded' ? `the embedded server in ${redis.dataDir}` : describeRedis(locationOf(redis));
    throw new CommandError(`Redis can't be reached at ${place}: ${redisFailure(error)}`);
  }
}

async function opened(redis: RedisClient, { companion$, after, stop }: Opening = {}): Promise<Connection> {
  await (stop === undefined ? firstAttempt(redis) : Promise.race([firstAttempt(redis), fired(stop)]));
  return {
    redis,
    ...(companion$ && { companion$ }),
    close: async () => {
      await closeRedis(redis);
      await after?.();
    },
  };
}

interface Opening {
  readonly companion$?: Observable<SchedulerEvent>;
  readonly after?: () => Promise<void>;
  readonly stop?: AbortSignal | undefined;
}

async function fired(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

export function locationOf({
  url,
  sentinel,
  cluster,
  username,
  password,
  database,
  tls,
}: Config['redis']): RedisLocation {
  const entry = { username, password, tls };
  if (sentinel !== undefined) return { sentinel, database, ...entry };
  return cluster === undefined ? { url, ...entry } : { cluster, ...entry };
}
