import type { RedisClient } from '../clients/redis.js';
import { keysUnder } from '../domain/keys.js';
import type { ShareEngine } from './engine.js';

/** The package of the share engine is missing or cannot be loaded. */
export class NoEngineError extends Error {}

interface EngineConfig {
  readonly redis: { readonly keyPrefix: string };
  readonly replicas: { readonly shares: number; readonly leaseMs: number };
}

/** Loads the share engine, which only replicas need. Rejects with `NoEngineError` if it is missing. */
export async function loadEngine(): Promise<(redis: RedisClient, config: EngineConfig) => ShareEngine> {
  const { BullEngine } = await import('./bullEngine.js').catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown failure';
    throw new NoEngineError(
      `replicas.enabled takes the package bullmq, which can't be loaded (${code}): install it with npm install bullmq@^6.7.0`,
    );
  });
  return (redis, { redis: { keyPrefix }, replicas: { shares, leaseMs } }) =>
    new BullEngine({ redis, prefix: keysUnder(keyPrefix).engine, shares, leaseMs });
}
