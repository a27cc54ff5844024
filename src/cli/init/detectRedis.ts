import { findRedisServer } from '../../clients/findRedisServer.js';
import { ping } from '../../clients/pingSocket.js';

const HOST = '127.0.0.1';
const PORT = 6_379;

/** The usual address of Redis. */
export const LOCAL_REDIS = `redis://${HOST}:${PORT}/0`;

/** What this host offers for the registry. */
export interface Found {
  /** The Redis on this host: it answers, it requires a password, or there is none. */
  readonly redis: 'open' | 'locked' | undefined;
  /** The redis-server program for the embedded server. */
  readonly program: string | undefined;
}

/** Detects a Redis on this host, and a redis-server program. */
export async function detectRedis(env: NodeJS.ProcessEnv): Promise<Found> {
  const answer = await ping({ host: HOST, port: PORT });
  const redis = /^(\+PONG|-LOADING)/.test(answer) ? 'open' : answer.startsWith('-NOAUTH') ? 'locked' : undefined;
  return { redis, program: findRedisServer(env) };
}

/** The default choice: a Redis that answers, or else an embedded one where that is possible. */
export function defaultRedis({ redis, program }: Found): string {
  return redis !== 'open' && program !== undefined ? 'embedded' : LOCAL_REDIS;
}
