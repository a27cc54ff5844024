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
export type DueItem =
  Exclude<Lease, { kind: 'wait' | 'empty' | 'stale' }> | EventOf<'ip.changed' | 'redis.failed' | 'redis.worked'>;

/** Longest sleep where nothing is due: clocks jump, and Redis may lose its data. */
const MAX_IDLE_WAIT_MS = 60_000;
/** Pause before Redis is asked again after it failed. */
const RETRY_MS = 500;

const READING = 'reading the announcements';
const RECORDING = 'recording an IP change';

/**
 * The outbox as a source: one poller that stores the IP where it is new, yields each producer as it falls due, and
 * sleeps until the next one is. It ends with the signal only; a failing Redis is an item, and asked again.
 */
export async function* due(options: DueOptions, signal: AbortSignal): AsyncGenerator<DueItem> {
  const { outbox, own, terms, alarm, wall, explain } = options;
  const failed = (what: string, error: unknown): DueItem => {
    return { kind: 'redis.failed', at: wall(), what, reason: explain(error) };
  };
  const failing = new Set<string>();
  const worked = function* (what: string): Generator<DueItem> {
    if (failing.delete(what)) yield { kind: 'redis.worked', at: wall(), what };
  };
  while (!signal.aborted) {
    let sleepMs = RETRY_MS;
    let what = READING;
    try {
      const lease = await outbox.lease(own?.ip, terms);
      yield* worked(READING);
      switch (lease.kind) {
        case 'due':
        case 'dropped':
          yield lease;
          continue;
        case 'stale': {
          if (own === undefined) continue;
          what = RECORDING;
          const { changed, previous, producers } = await outbox.enqueue(own);
          yield* worked(RECORDING);
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
      failing.add(what);
      yield failed(what, error);
    }
    await alarm.sleep(sleepMs, signal);
  }
}
