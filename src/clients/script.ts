import { createHash } from 'node:crypto';
import type { RedisClient } from './redis.js';

/** A Lua script by its text and the digest that Redis knows it by. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/**
 * Runs a script as one transaction. ioredis' own `defineCommand` loses a script in a pipeline when the server was
 * restarted or failed over since it was loaded; asking by digest and, on NOSCRIPT, by text does not.
 */
export async function runScript(
  redis: RedisClient,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(lua, keys.length, ...keys, ...args);
  }
}
