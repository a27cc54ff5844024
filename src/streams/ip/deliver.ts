import {
  asyncScheduler,
  catchError,
  concat,
  defer,
  mergeMap,
  of,
  retry,
  throwError,
  timeout,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { Delivery, Settled } from '../../domain/announce/outbox.js';
import { SETTLE_MS } from '../../domain/announce/terms.js';
import { backoffMs } from '../../domain/call/backoff.js';
import type { Reply } from '../../domain/call/http.js';
import type { FailureReason } from '../../domain/call/reasons.js';
import type { Clock } from '../../domain/clock.js';
import type { AddressClass } from '../../domain/ip/address.js';
import { readEntry } from '../../domain/peer/entry.js';
import type { PeerAddress } from '../../domain/peer/peer.js';
import type { SchedulerEvent } from '../../events.js';
import { withDeadline } from '../operators/withDeadline.js';

export interface DeliverOptions {
  /** One `POST /ip` with that IP. The deadline is set here. */
  readonly request: (address: PeerAddress, ip: string) => Observable<Reply>;
  readonly ack: (delivery: Delivery) => Observable<Settled>;
  readonly nack: (delivery: Delivery, reason: FailureReason, retryInMs: number) => Observable<Settled>;
  readonly timeoutMs: number;
  readonly retry: { readonly initialMs: number; readonly maxMs: number };
  readonly allow: readonly AddressClass[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly explain: (error: unknown) => string;
  readonly scheduler?: SchedulerLike;
}

/**
 * How often, and with what delay, an ack or nack is tried. After that the lease of the item expires and the call is
 * repeated.
 */
const SETTLE_RETRY = { count: 10, delay: 500 };

/** The result when a client throws, although it promises never to. */
const CLIENT_THREW: Reply = { ok: false, reason: 'other' };
const SETTLING = 'settling an announcement';

/** One attempt to get the current IP acknowledged by one producer: call, then ack or nack. Never errors. */
export function deliver(options: DeliverOptions): (delivery: Delivery) => Observable<SchedulerEvent> {
  const { request, ack, nack, timeoutMs, clock, random, explain, scheduler = asyncScheduler } = options;

  const settle = (
    step$: Observable<Settled>,
    { uuid, ip }: Delivery,
    result: 'ok' | FailureReason,
    toEvents: (settled: Settled, at: number) => SchedulerEvent[],
  ): Observable<SchedulerEvent> =>
    step$.pipe(
      mergeMap((settled): SchedulerEvent[] => {
        const at = clock.wall();
        const { outdated: why } = settled;
        const worked: SchedulerEvent = { kind: 'redis.worked', at, what: SETTLING };
        if (why === undefined) return [worked, ...toEvents(settled, at)];
        return [worked, { kind: 'announcement.outdated', at, uuid, ip, result, why }];
      }),
      retry({ count: SETTLE_RETRY.count, delay: () => timer(SETTLE_RETRY.delay, scheduler) }),
      timeout({ first: SETTLE_MS, scheduler, with: () => throwError(() => new Error('Command timed out')) }),
      catchError((error: unknown) => {
        return of<SchedulerEvent>({ kind: 'redis.failed', at: clock.wall(), what: SETTLING, reason: explain(error) });
      }),
    );

  const acknowledged = (delivery: Delivery): Observable<SchedulerEvent> => {
    const { uuid, ip } = delivery;
    const attempts = delivery.attempts + 1;
    const step$ = defer(() => ack(delivery));
    return settle(step$, delivery, 'ok', ({ pending, again }, at) => {
      const event: SchedulerEvent = { kind: 'announcement.acknowledged', at, uuid, ip, attempts, again };
      return pending === 0 && !again ? [event, { kind: 'announcements.complete', at, ip }] : [event];
    });
  };

  const failed = (delivery: Delivery, reason: FailureReason, retryAfterMs = 0): Observable<SchedulerEvent> => {
    const { uuid, ip } = delivery;
    const attempts = delivery.attempts + 1;
    const retryInMs = Math.max(retryAfterMs, backoffMs({ attempt: attempts, ...options.retry, random }));
    const step$ = defer(() => nack(delivery, reason, retryInMs));
    return settle(step$, delivery, reason, (_, at) => [
      { kind: 'announcement.failed', at, uuid, ip, attempts, reason, retryInMs },
    ]);
  };

  return (delivery) =>
    defer(() => {
      const { uuid, stored: entry } = delivery;
      const read = readEntry(entry, options.allow);
      if (!read.ok) {
        const { error, detail } = read;
        // The fault is reported once: it was already the error of the last attempt.
        if (delivery.error === error) return failed(delivery, error);
        const at = clock.wall();
        return concat(
          of<SchedulerEvent>({ kind: 'peer.malformed', at, peer: 'producer', uuid, error, detail }),
          failed(delivery, error),
        );
      }
      const reply$ = defer(() => request(read.address, delivery.ip)).pipe(catchError(() => of(CLIENT_THREW)));
      return withDeadline(reply$, timeoutMs, clock.steady, scheduler).pipe(
        mergeMap(({ reply }) =>
          reply.ok ? acknowledged(delivery) : failed(delivery, reply.reason, reply.retryAfterMs),
        ),
      );
    });
}
