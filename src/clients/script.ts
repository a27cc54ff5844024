import { createHash } from 'node:crypto';
import type { RedisClient } from './redis.js';
import { withTimeout } from './withTimeout.js';

/** A Lua script with the digest that Redis stores it under. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/**
 * A fenced script: the last key is the lease of the registry, and the last argument the token that it must hold, or
 * '' for no comparison. If the lease holds another token, the script does nothing, and the call rejects with
 * `FENCED`.
 */
export function fencedScript(lua: string): Script {
  return script(`
if ARGV[#ARGV] ~= '' then
  local held = redis.call('GET', KEYS[#KEYS])
  if held ~= ARGV[#ARGV] then return redis.error_reply('FENCED ' .. (held or '')) end
end
${lua}`);
}

const BEYOND_ASCII = /[\u0080-\uffff]/;

/** ioredis has these two commands, but its types do not include them. */
interface ScriptCommands {
  evalshaBuffer(sha: string, numberOfKeys: number, ...keysAndArgs: (string | Buffer)[]): Promise<unknown>;
  evalBuffer(lua: string, numberOfKeys: number, ...keysAndArgs: (string | Buffer)[]): Promise<unknown>;
}

/**
 * Runs a script as one transaction, with texts in latin1, because stored data may be any bytes and must compare
 * equal to itself. `defineCommand` of ioredis loses a script in a pipeline if the server was restarted or failed
 * over after the script was loaded. A call by digest, and by text after NOSCRIPT, does not.
 */
export async function runScript(
  redis: RedisClient,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const commands = redis as unknown as ScriptCommands;
  const given = [...keys, ...args].map((one) => encoded(String(one)));
  try {
    return texts(await withTimeout(commands.evalshaBuffer(sha, keys.length, ...given)));
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return texts(await withTimeout(commands.evalBuffer(lua, keys.length, ...given)));
  }
}

/** The client writes strings in UTF-8. For ASCII texts, nearly all, this equals latin1 and is faster than bytes. */
function encoded(text: string): string | Buffer {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'latin1') : text;
}

/** The fence of a write. */
export interface Fence {
  /** The token of our lease, or '' for no comparison. */
  readonly token: () => string;
  /** Called when the lease in Redis has another token or is missing, with the kind of write that was refused. */
  readonly refused: (what: string) => void;
}

export const NO_FENCE: Fence = { token: () => '', refused: () => undefined };

/** Runs a fenced script. `lease` is the key of the lease. */
export async function runFenced(
  redis: RedisClient,
  fenced: Script,
  {
    keys,
    args,
    lease,
    fence,
    what,
  }: {
    readonly keys: readonly string[];
    readonly args: readonly (string | number)[];
    readonly lease: string;
    readonly fence: Fence;
    readonly what: string;
  },
): Promise<unknown> {
  try {
    return await runScript(redis, fenced, [...keys, lease], [...args, fence.token()]);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('FENCED')) fence.refused(what);
    throw error;
  }
}

function texts(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(texts);
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : reply;
}
