import type { Redis } from 'ioredis';
import { register, keys } from '../registry.js';
import type { Home, Kind } from './kinds.js';

/** A peer of one kind under its own UUID, at home somewhere. */
export interface Peer {
  readonly uuid: string;
  readonly kind: Kind;
  readonly home: Home;
}

/** Starts so many peers of each kind. */
export function settle(kinds: readonly (readonly [Kind, number])[]): Promise<readonly Peer[]> {
  const crowd = kinds.flatMap(([kind, many]) => Array.from({ length: many }, () => kind));
  return Promise.all(
    crowd.map(async (kind, i) => {
      const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
      return { uuid, kind, home: await kind.start(uuid) };
    }),
  );
}

export async function enter(redis: Redis, peers: readonly Peer[]): Promise<void> {
  for (const { uuid, home } of peers) await register(redis, 'consumer', uuid, { ip: '127.0.0.1', port: home.port });
}

export async function leave(redis: Redis, peers: readonly Peer[]): Promise<void> {
  await redis.del(keys.consumers, ...peers.map(({ uuid }) => keys.consumer(uuid)));
}

/** Calls that have arrived at them all together. */
export function callsAt(peers: readonly Peer[]): number {
  return peers.reduce((sum, { home }) => sum + home.calls(), 0);
}
