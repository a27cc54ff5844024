import { catchError, defer, distinctUntilChanged, exhaustMap, from, map, of, type Observable } from 'rxjs';
import type { RedisClient } from '../clients/redis.js';
import { every } from './every.js';

/** Whether Redis answers, and if not, why not. */
export type RedisHealth = { readonly up: true } | { readonly up: false; readonly reason: string };

/** Often enough that work goes on within a second of Redis being back. */
const PING_MS = 250;

/** Redis' health, each time that it changes. A server that is loading its data, or refuses our password, is down. */
export function redisHealth(redis: RedisClient, explain: (error: unknown) => string): Observable<RedisHealth> {
  return every({ intervalMs: PING_MS }).pipe(
    exhaustMap(() =>
      defer(() => from(redis.ping())).pipe(
        map((): RedisHealth => ({ up: true })),
        catchError((error: unknown) => of<RedisHealth>({ up: false, reason: explain(error) })),
      ),
    ),
    distinctUntilChanged((a, b) => a.up === b.up),
  );
}
