import type { Lease, LeaseTerms, Outbox } from '../domain/announce/outbox.js';
import type { OwnIp } from '../domain/ip/source.js';
import type { EventOf } from '../events.js';
import type { Alarm } from '../state/alarm.js';

export interface DueOptions {
  readonly outbox: Pick<Outbox, 'enqueue' | 'lease'>;
  /** What to announce, or undefined to go on with whatever is stored. */
  readonly own: OwnIp | undefined;
  readonly terms: LeaseTerms;
  /** Rings where something may be due earlier than it seemed. */
  readonly alarm: Alarm;
  readonly wall: () => number;
  readonly explain: (error: unknown) => string;
}

/** What the poller yields: a delivery, a change stored, a producer that left, or a failure of Redis. */
export type DueItem = Exclude<Lease, { kind: 'wait' | 'empty' | 'stale' }> | EventOf<'ip.changed' | 'redis.failed'>;

/** Longest sleep where nothing is due: clocks jump, and Redis may lose its data. */
const MAX_IDLE_WAIT_MS = 60_000;
/** Pause before Redis is asked again after it failed. */
const RETRY_MS = 500;

/**
 * The outbox as a source: one poller that stores the IP where it is new, yields each producer as it falls due, and
 * sleeps until the next one is. It ends with the signal only; a failing Redis is an item, and asked again.
 */
export async function* due(options: DueOptions, signal: AbortSignal): AsyncGenerator<DueItem> {
  const { outbox, own, terms, alarm, wall, explain } = options;
  const failed = (what: string, error: unknown): DueItem => {
    return { kind: 'redis.failed', at: wall(), what, reason: explain(error) };
  };
  while (!signal.aborted) {
    let sleepMs = RETRY_MS;
    let what = 'reading the announcements';
    try {
      const lease = await outbox.lease(own?.ip, terms);
      switch (lease.kind) {
        case 'due':
        case 'dropped':
          yield lease;
          continue;
        case 'stale': {
          if (own === undefined) continue;
          what = 'recording an IP change';
          const { changed, previous, producers } = await outbox.enqueue(own);
          if (changed) yield { kind: 'ip.changed', at: wall(), ip: own.ip, previous, producers };
          continue;
        }
        case 'wait':
          sleepMs = Math.min(lease.forMs, MAX_IDLE_WAIT_MS);
          break;
        case 'empty':
          sleepMs = MAX_IDLE_WAIT_MS;
          break;
        default:
          return lease satisfies never;
      }
    } catch (error) {
      yield failed(what, error);
    }
    await alarm.sleep(sleepMs, signal);
  }
}
