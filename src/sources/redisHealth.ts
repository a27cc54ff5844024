import { catchError, defer, distinctUntilChanged, exhaustMap, filter, from, map, of, tap, type Observable } from 'rxjs';
import type { RedisClient } from '../clients/redis.js';
import { every } from './every.js';

/** Whether Redis answers, and if not, why not. */
export type RedisHealth = { readonly up: true } | { readonly up: false; readonly reason: string };

/** Often enough that work goes on within a second of Redis being back. */
const PING_MS = 250;
/** While it is up, one in so many: that it went, whoever needs it finds out first. */
const SELDOM = 4;

/** Redis' health, each time that it changes. A server that is loading its data, or refuses our password, is down. */
export function redisHealth(redis: RedisClient, explain: (error: unknown) => string): Observable<RedisHealth> {
  return defer(() => {
    let up = false;
    return every({ intervalMs: PING_MS }).pipe(
      filter((_, i) => !up || i % SELDOM === 0),
      exhaustMap(() =>
        defer(() => from(redis.ping())).pipe(
          map((): RedisHealth => ({ up: true })),
          catchError((error: unknown) => of<RedisHealth>({ up: false, reason: explain(error) })),
        ),
      ),
      tap((health) => (up = health.up)),
      distinctUntilChanged((a, b) => a.up === b.up),
    );
  });
}
