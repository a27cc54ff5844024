import {
  asyncScheduler,
  catchError,
  concat,
  defer,
  map,
  mergeMap,
  of,
  retry,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { AddressClass } from '../../domain/ip/address.js';
import { backoffMs } from '../../domain/call/backoff.js';
import { readEntry } from '../../domain/peer/entry.js';
import type { Reply } from '../../domain/call/http.js';
import type { Lease, Outbox } from '../../domain/announce/outbox.js';
import type { PeerAddress } from '../../domain/peer/peer.js';
import type { FailureReason } from '../../domain/call/reasons.js';
import type { SchedulerEvent } from '../../events.js';
import { abortable } from '../operators/abortable.js';
import { withDeadline } from '../operators/withDeadline.js';

export interface AttemptOptions {
  readonly outbox: Outbox;
  /** One `POST /ip` with that IP; its deadline is ours. */
  readonly request: (address: PeerAddress, ip: string) => Observable<Reply>;
  readonly timeoutMs: number;
  readonly retry: { readonly initialMs: number; readonly maxMs: number };
  readonly allow: readonly AddressClass[];
  readonly wall: () => number;
  readonly steady: () => number;
  readonly random: () => number;
  readonly explain: (error: unknown) => string;
  readonly scheduler?: SchedulerLike;
}

/** How often, and how far apart, a settlement is tried; after that the lease runs out and the call is repeated. */
const SETTLE = { count: 10, delay: 500 };

/** Whatever a producer asks for, it isn't called again at once. */
const MIN_RETRY_AFTER_MS = 1_000;

type Due = Extract<Lease, { kind: 'due' }>;

/** One attempt to make one producer acknowledge the current IP, up to its settlement in the outbox. */
export function attempting(options: AttemptOptions): (claim: Due) => Observable<SchedulerEvent> {
  const { outbox, wall, scheduler = asyncScheduler } = options;

  const settle = (claim: Due, failure: { reason: FailureReason; retryInMs: number } | undefined) =>
    abortable(() => outbox.settle({ ...claim, failure })).pipe(
      retry({ count: SETTLE.count, delay: () => timer(SETTLE.delay, scheduler) }),
      mergeMap(({ pending }) => {
        const { uuid, ip } = claim;
        const at = wall();
        const attempts = claim.attempts + 1;
        const settled: SchedulerEvent =
          failure === undefined
            ? { kind: 'announcement.acknowledged', at, uuid, ip, attempts }
            : { kind: 'announcement.failed', at, uuid, ip, attempts, ...failure };
        const complete: SchedulerEvent = { kind: 'announcements.complete', at, ip };
        return pending === 0 && failure === undefined ? of(settled, complete) : of(settled);
      }),
      catchError((error: unknown) =>
        of<SchedulerEvent>({
          kind: 'redis.failed',
          at: wall(),
          what: 'settling an announcement',
          reason: options.explain(error),
        }),
      ),
    );

  const failed = (claim: Due, reason: FailureReason, retryAfterMs?: number): Observable<SchedulerEvent> => {
    const { random } = options;
    const ownMs = backoffMs({ attempt: claim.attempts + 1, ...options.retry, random });
    return settle(claim, {
      reason,
      retryInMs: retryAfterMs === undefined ? ownMs : Math.max(retryAfterMs, MIN_RETRY_AFTER_MS),
    });
  };

  return (claim) =>
    defer(() => {
      const { uuid, stored } = claim;
      const read = readEntry(stored, options.allow);
      if (!read.ok) {
        const { error, detail } = read;
        if (claim.error === error) return failed(claim, error);
        const event: SchedulerEvent = {
          kind: 'peer.malformed',
          at: wall(),
          peer: 'producer',
          uuid,
          error,
          detail,
          stored,
          before: undefined,
        };
        return concat(of(event), failed(claim, error));
      }
      return withDeadline(options.request(read.address, claim.ip), options.timeoutMs, options.steady, scheduler).pipe(
        map(({ reply }) => reply),
        mergeMap((reply) => (reply.ok ? settle(claim, undefined) : failed(claim, reply.reason, reply.retryAfterMs))),
      );
    });
}
