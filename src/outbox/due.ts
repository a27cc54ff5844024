import type { Audience, Lease, LeaseTerms, Outbox } from '../domain/announce/outbox.js';
import type { Clock } from '../domain/clock.js';
import type { OwnIp } from '../domain/ip/source.js';
import type { EventOf } from '../events.js';
import type { Alarm } from '../state/alarm.js';
import { Looks } from './looks.js';

export interface DueOptions {
  readonly outbox: Pick<Outbox, 'announced' | 'bringForward' | 'enqueue' | 'lease' | 'look'>;
  /** What to announce, or undefined to go on with whatever is stored. */
  readonly own: OwnIp | undefined;
  readonly terms: LeaseTerms;
  readonly audience: Audience;
  /** Rings where something may be due earlier than it seemed. */
  readonly alarm: Alarm;
  readonly clock: Pick<Clock, 'wall' | 'steady'>;
  readonly explain: (error: unknown) => string;
}

/** What the poller yields: a delivery, a change stored, a producer that left or came, or how it fares with Redis. */
export type DueItem =
  | Exclude<Lease, { kind: 'wait' | 'empty' | 'stale' }>
  | EventOf<'ip.changed' | 'announcements.added' | 'redis.failed' | 'redis.worked'>;

const READING = 'reading the announcements';
const RECORDING = 'recording an IP change';
const LOOKING = 'looking for producers to tell';

/** Longest sleep where nothing is due: clocks jump, and Redis may lose its data. */
const MAX_IDLE_WAIT_MS = 60_000;
/** Pause before Redis is asked again after it failed. */
const RETRY_MS = 500;
/** A clock that goes back by less makes no wait noticeably longer. */
const CLOCK_STEP_MS = 1_000;

/**
 * The outbox as a source: one poller that stores the IP where it is new, yields each producer as it falls due, looks
 * for newcomers and refreshes where the settings want them, and sleeps until there is something to do. It ends with
 * the signal only; a failing Redis is an item, and asked again.
 */
export async function* due(options: DueOptions, signal: AbortSignal): AsyncGenerator<DueItem> {
  const { outbox, own, terms, audience, alarm, clock, explain } = options;
  const { wall, steady } = clock;
  // Steps that have failed, here or before: their next success is news.
  const unsure = new Set([READING, RECORDING, LOOKING]);
  const failed = (what: string, error: unknown): DueItem => {
    unsure.add(what);
    return { kind: 'redis.failed', at: wall(), what, reason: explain(error) };
  };
  const worked = (what: string): DueItem[] => (unsure.delete(what) ? [{ kind: 'redis.worked', at: wall(), what }] : []);

  const looks = new Looks({ outbox, audience, steady });
  async function* look(): AsyncGenerator<DueItem> {
    try {
      const found = await looks.take(own?.ip);
      yield* worked(LOOKING);
      if (found === undefined || found.newcomers + found.refreshed === 0) return;
      yield { kind: 'announcements.added', at: wall(), ...found };
    } catch (error) {
      yield failed(LOOKING, error);
    }
  }
  // A change until it is confirmed that it is stored, with the IP that it takes the place of.
  let change: { readonly to: OwnIp; readonly from: string | undefined } | undefined;
  let aheadMs = wall() - steady();
  while (!signal.aborted) {
    let sleepMs = RETRY_MS;
    // One page at most, so that no due announcement waits for a long look.
    if (looks.waitMs === 0) yield* look();
    try {
      const backMs = Math.round(aheadMs - (wall() - steady()));
      if (backMs >= CLOCK_STEP_MS) await outbox.bringForward(backMs);
      aheadMs = wall() - steady();
      if (change !== undefined) {
        const { to, from } = change;
        const { changed, previous = from, producers } = await outbox.enqueue(to);
        change = undefined;
        yield* worked(RECORDING);
        if (changed) yield { kind: 'ip.changed', at: wall(), ip: to.ip, previous, producers };
      }
      const lease = await outbox.lease(own?.ip, terms);
      yield* worked(READING);
      switch (lease.kind) {
        case 'due':
        case 'dropped':
          yield lease;
          continue;
        case 'stale':
          if (own !== undefined) change = { to: own, from: lease.stored };
          continue;
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
      yield failed(change === undefined ? READING : RECORDING, error);
    }
    await alarm.sleep(Math.min(sleepMs, looks.waitMs), signal);
  }
}
