import type { Lease, LeaseTerms, Outbox, ReannounceRules } from '../domain/announce/outbox.js';
import type { Clock } from '../domain/clock.js';
import type { OwnIp } from '../domain/ip/source.js';
import type { EventOf } from '../events.js';
import type { InterruptibleSleep } from '../state/interruptibleSleep.js';
import { ProducerScan } from './producerScan.js';

export interface DueOptions {
  readonly outbox: Pick<Outbox, 'enqueue' | 'lease' | 'scan'>;
  /** The IP to announce, or undefined to continue with the stored one. */
  readonly own: OwnIp | undefined;
  readonly terms: LeaseTerms;
  readonly reannounce: ReannounceRules;
  /** Woken when an item may be due earlier than expected. */
  readonly outboxSleep: InterruptibleSleep;
  readonly clock: Pick<Clock, 'wall' | 'steady'>;
  readonly explain: (error: unknown) => string;
}

/**
 * An item of the poller: a delivery, a stored change of the IP, a producer that has left or was added, or a Redis
 * failure or recovery.
 */
export type DueItem =
  | Exclude<Lease, { kind: 'wait' | 'empty' | 'stale' }>
  | EventOf<'ip.changed' | 'announcements.added' | 'redis.failed' | 'redis.worked'>;

const READING = 'reading the announcements';
const RECORDING = 'recording an IP change';
const SCANNING = 'looking for producers to tell';

/** Longest sleep while nothing is due, because the clock may jump and Redis may lose its data. */
const MAX_IDLE_WAIT_MS = 60_000;
/** Pause before the next Redis command after a failure. */
const RETRY_MS = 500;

/**
 * The outbox as a source. One poller stores a new IP, yields each producer when it is due, scans for newcomers and
 * refreshes if the settings enable them, and sleeps until the next item is due. It ends only with the signal. A
 * Redis failure is an item, followed by a retry.
 */
export async function* due(options: DueOptions, signal: AbortSignal): AsyncGenerator<DueItem> {
  const { outbox, own, terms, reannounce, outboxSleep, clock, explain } = options;
  const { wall, steady } = clock;
  // Steps whose last result was a failure or is unknown. Their next success is reported.
  const unconfirmed = new Set([READING, RECORDING, SCANNING]);
  const failed = (what: string, error: unknown): DueItem => {
    unconfirmed.add(what);
    return { kind: 'redis.failed', at: wall(), what, reason: explain(error) };
  };
  const worked = (what: string): DueItem[] =>
    unconfirmed.delete(what) ? [{ kind: 'redis.worked', at: wall(), what }] : [];

  const producerScan = new ProducerScan({ outbox, reannounce, steady });
  async function* scan({ ip }: OwnIp): AsyncGenerator<DueItem> {
    try {
      const found = await producerScan.take(ip);
      yield* worked(SCANNING);
      if (found === undefined || found.newcomers + found.refreshed === 0) return;
      yield { kind: 'announcements.added', at: wall(), ip, ...found };
    } catch (error) {
      yield failed(SCANNING, error);
    }
  }
  while (!signal.aborted) {
    let sleepMs = RETRY_MS;
    let what = READING;
    // At most one page, so that a long scan delays no due announcement.
    if (own !== undefined && producerScan.waitMs === 0) yield* scan(own);
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
      yield failed(what, error);
    }
    await outboxSleep.sleep(own === undefined ? sleepMs : Math.min(sleepMs, producerScan.waitMs), signal);
  }
}
