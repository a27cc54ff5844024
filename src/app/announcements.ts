import { isDeepStrictEqual } from 'node:util';
import { defer, distinctUntilChanged, EMPTY, map, merge, of, switchMap, take, tap, type Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import type { Settled } from '../domain/announce/outbox.js';
import { leaseTerms } from '../domain/announce/terms.js';
import type { OwnIp } from '../domain/ip/source.js';
import type { SchedulerEvent } from '../events.js';
import { due, type DueItem } from '../outbox/due.js';
import { deliver } from '../streams/ip/deliver.js';
import { abortable } from '../streams/operators/abortable.js';
import { draw } from '../streams/operators/draw.js';
import { drainAndRestart } from '../streams/operators/drainAndRestart.js';
import { pull } from '../streams/operators/pull.js';
import type { Deps } from './deps.js';
import { announceRequest } from './requests.js';

type AnnounceDeps = Pick<
  Deps,
  'config$' | 'outbox' | 'outboxSleep' | 'post' | 'clock' | 'random' | 'explain' | 'stop$' | 'leadership'
>;

/**
 * Announces one IP to every producer: outbox → n workers pull → `POST /ip` → ack or nack, for as long as it is our
 * IP. If it is undefined, the remaining items of the outbox are delivered.
 */
export function announcements(deps: AnnounceDeps, own: OwnIp | undefined): Observable<SchedulerEvent> {
  const { config$, clock, stop$ } = deps;
  const settings$ = config$.pipe(
    map(({ announce: { concurrency, timeoutMs, retry, newcomers, refreshMs } }) => ({
      concurrency,
      terms: leaseTerms(timeoutMs, retry),
      reannounce: { newcomers, refreshMs: refreshMs === 'never' ? undefined : refreshMs },
    })),
    distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
  );
  const work = (item: DueItem): Observable<SchedulerEvent> => {
    switch (item.kind) {
      case 'due':
        return config$.pipe(
          take(1),
          switchMap((config) => attempt(deps, config)(item)),
        );
      case 'dropped':
        return of({ kind: 'announcement.dropped', at: clock.wall(), uuid: item.uuid });
      case 'ip.changed':
      case 'announcements.added':
      case 'redis.failed':
      case 'redis.worked':
        return of(item);
      default:
        return item satisfies never;
    }
  };
  return drainAndRestart(settings$, ({ concurrency, ...settings }, changed$) =>
    draw(
      (signal) => due({ ...deps, ...settings, own }, signal),
      (next$) => pull(next$, work, concurrency, merge(stop$, changed$)),
    ),
  );
}

function attempt(deps: AnnounceDeps, config: Config): ReturnType<typeof deliver> {
  const { outbox, outboxSleep, leadership, clock } = deps;
  const { timeoutMs, retry, newcomers } = config.announce;
  // A failed or outdated delivery may be due before all others.
  const waking = tap<Settled>(() => {
    outboxSleep.wake();
  });
  const announce = deliver({
    ...deps,
    request: announceRequest(deps, config),
    ack: (delivery) => abortable(() => outbox.ack(delivery, newcomers)).pipe(waking),
    nack: (delivery, reason, retryInMs) => abortable(() => outbox.nack(delivery, reason, retryInMs)).pipe(waking),
    timeoutMs,
    retry,
    allow: config.network.allow,
  });
  // A process that was suspended here may have lost its term. An unsent delivery is due again once its lease expires.
  return (delivery) => defer(() => (leadership.isValid(clock.steady()) ? announce(delivery) : EMPTY));
}
