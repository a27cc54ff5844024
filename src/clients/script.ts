import { createHash } from 'node:crypto';
import type { RedisClient } from './redis.js';
import { withTimeout } from './withTimeout.js';

/** A Lua script by its text and the digest that Redis knows it by. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/**
 * The same, fenced: the last key is the lease of the registry, and the last argument the token that it has to hold, or ''
 * where nobody is asked. Where it holds another one the script does nothing, and the call rejects with `FENCED`.
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

/** ioredis has these two, and its types do not know of them. */
interface ScriptCommands {
  evalshaBuffer(sha: string, numberOfKeys: number, ...keysAndArgs: (string | Buffer)[]): Promise<unknown>;
  evalBuffer(lua: string, numberOfKeys: number, ...keysAndArgs: (string | Buffer)[]): Promise<unknown>;
}

/**
 * Runs a script as one transaction, on texts in latin1: what others have stored may be any bytes, and has to compare
 * equal to itself. ioredis' own `defineCommand` loses a script in a pipeline when the server was restarted or failed
 * over since it was loaded; asking by digest and, on NOSCRIPT, by text does not.
 */
export async function runScript(
  redis: RedisClient,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const commands = redis as unknown as ScriptCommands;
  const given = [...keys, ...args].map((one) => onTheWire(String(one)));
  try {
    return texts(await withTimeout(commands.evalshaBuffer(sha, keys.length, ...given)));
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return texts(await withTimeout(commands.evalBuffer(lua, keys.length, ...given)));
  }
}

/**
 * A text in latin1 as the client has to be given it. That writes UTF-8, which is the same thing for nearly all texts, and
 * quicker than bytes.
 */
export function onTheWire(text: string): string | Buffer {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'latin1') : text;
}

/** Whether our user may run no script at all, as far as this failure says. */
export function isNoScriptAllowed(error: unknown): boolean {
  return error instanceof Error && /^NOPERM .*'eval(sha)?'/.test(error.message);
}

/** What a write is fenced with. */
export interface Fence {
  /** The token of our lease; '' where nobody is asked. */
  readonly token: () => string;
  /** Called where the lease in Redis is another one, or none, with what was not written for that. */
  readonly refused: (what: string) => void;
}

export const NO_FENCE: Fence = { token: () => '', refused: () => undefined };

/** Runs a fenced script; `lease` is the key of the lease. */
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

/** A reply in bytes as texts in latin1. */
export function texts(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(texts);
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : reply;
}
