import { concat, defer, map, of, switchMap, timer, type Observable } from 'rxjs';
import type { HookRequest, SendHook } from '../clients/webhook.js';
import { backoffMs } from '../domain/call/backoff.js';
import type { Reply } from '../domain/call/http.js';
import type { FailureReason } from '../domain/call/reasons.js';
import type { SchedulerEvent } from '../events.js';
import { abortable } from '../streams/operators/abortable.js';
import { withDeadline } from '../streams/operators/withDeadline.js';
import type { QueuedMessage } from './messageQueue.js';

export interface DeliverOptions {
  readonly send: SendHook;
  readonly wall: () => number;
  readonly steady: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Deadline of each call. A message accepted later counts as not delivered. */
const DEADLINE_MS = 10_000;
const RETRY = { initialMs: 5_000, maxMs: 120_000 } as const;
/** Long enough that an outage of a night loses no message. */
const MAX_AGE_MS = 12 * 3_600_000;
/**
 * A webhook that refuses a message this often will refuse it again. A proxy may refuse for a moment while its
 * service restarts.
 */
const MAX_REFUSALS = 3;
/** Temporary refusals: 408, 425 and 429. */
const TEMPORARY = /^http-4(08|25|29)$/;
const REFUSED = /^(http-[14]\d\d|redirect)$/;

/**
 * Delivers one message to one webhook, with growing pauses, until it is accepted, refused permanently, or too old.
 * Never errors. The message counts its attempts, so that an interrupted delivery continues with its backoff.
 */
export function deliver(
  queued: QueuedMessage,
  request: HookRequest,
  target: string,
  options: DeliverOptions,
): Observable<SchedulerEvent> {
  const { wall, steady, random } = options;
  return call(request, options).pipe(
    switchMap((reply) => {
      if (reply.ok) return of<SchedulerEvent>({ kind: 'notification.sent', at: wall(), target });
      queued.attempts += 1;
      const { reason, retryAfterMs = 0 } = reply;
      const failed: SchedulerEvent = { kind: 'notification.failed', at: wall(), target, reason };
      if (isOver(queued, reason, steady())) {
        return of(failed, { kind: 'notification.lost', at: wall(), target, count: 1, why: 'undeliverable' } as const);
      }
      const pauseMs = Math.max(retryAfterMs, backoffMs({ attempt: queued.attempts, ...RETRY, random }));
      const again$ = timer(pauseMs).pipe(switchMap(() => deliver(queued, request, target, options)));
      return concat(of(failed), again$);
    }),
  );
}

/**
 * One call and its outcome. The ping of a dead man's switch is one call without retry, because the next ping comes
 * in a minute.
 */
export function call(
  request: HookRequest,
  { send, steady }: Pick<DeliverOptions, 'send' | 'steady'>,
): Observable<Reply> {
  const reply$ = defer(() => abortable((signal) => send(request, signal)));
  return withDeadline(reply$, DEADLINE_MS, steady).pipe(map(({ reply }) => reply));
}

function isOver({ queuedAt, attempts }: QueuedMessage, reason: FailureReason, now: number): boolean {
  if (now - queuedAt >= MAX_AGE_MS) return true;
  return REFUSED.test(reason) && !TEMPORARY.test(reason) && attempts >= MAX_REFUSALS;
}
