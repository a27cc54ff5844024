import { redisFailure, type RedisClient } from '../clients/redis.js';
import type { Config } from '../config/config.js';
import { loadConfig, type LoadOptions } from '../config/load.js';
import { keysUnder, type Keys } from '../domain/keys.js';
import { CommandError } from './commandError.js';
import { connectNow } from './connect.js';
import { NO_UUID } from './noUuid.js';

/** The registry, as a command uses it. */
export interface Registry {
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** Our UUID, if configured. */
  readonly uuid: string | undefined;
  /** The address classes that may be called, if there is a configuration. */
  readonly allow: Config['network']['allow'] | undefined;
}

/** Opens the registry given by the configuration or by `--redis`. Our UUID is not needed. */
export async function withRegistry<T>(options: LoadOptions, use: (registry: Registry) => Promise<T>): Promise<T> {
  const { config } = await loadConfig({ ...options, spareUuid: NO_UUID });
  const connection = await connectNow(config.redis, Date.now);
  try {
    return await use({
      redis: connection.redis,
      keys: keysUnder(config.redis.keyPrefix),
      uuid: config.uuid === NO_UUID ? undefined : config.uuid,
      allow: options.redis === undefined ? config.network.allow : undefined,
    });
  } catch (error) {
    throw asCommandError(error);
  } finally {
    await connection.close();
  }
}

/** Converts an error of Redis to a one-line error. A fault of the program keeps its stack. */
export function asCommandError(error: unknown): unknown {
  if (error instanceof CommandError || !(error instanceof Error) || PROGRAM_ERRORS.includes(error.name)) return error;
  return new CommandError(`Redis can't be used: ${redisFailure(error)}`);
}

const PROGRAM_ERRORS = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'];
