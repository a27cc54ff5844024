import { findRedisServer } from '../../clients/findRedisServer.js';
import { ping } from '../../clients/pingSocket.js';

const HOST = '127.0.0.1';
const PORT = 6_379;

/** Where most have their Redis. */
export const LOCAL_REDIS = `redis://${HOST}:${PORT}/0`;

/** What a node could keep its registry in, on this host. */
export interface Found {
  /** The Redis on this host: it answers, it answers and wants a password, or there is none. */
  readonly redis: 'open' | 'locked' | undefined;
  /** The redis-server program, for the embedded one. */
  readonly program: string | undefined;
}

/** Looks for a Redis on this host, and for a redis-server program. */
export async function lookAround(env: NodeJS.ProcessEnv): Promise<Found> {
  const answer = await ping({ host: HOST, port: PORT });
  const redis = /^(\+PONG|-LOADING)/.test(answer) ? 'open' : answer.startsWith('-NOAUTH') ? 'locked' : undefined;
  return { redis, program: findRedisServer(env) };
}

/** What is taken where nobody says which: a Redis that answers, else one of our own where that can be. */
export function usualRedis({ redis, program }: Found): string {
  return redis !== 'open' && program !== undefined ? 'embedded' : LOCAL_REDIS;
}
