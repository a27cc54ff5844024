import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import type { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../eventually.js';
import { keys } from '../registry.js';

const LOOK_MS = 20;
/** Less than a round takes. */
const BEHIND_MS = 50;

/** What the registry said of some peers, looked at again and again while something else goes on. */
export interface Sightings {
  looks: number;
  /** UUIDs that were to be seen as available, if only once. */
  readonly available: Set<string>;
}

/** Looks until the work is done. */
export async function watching(redis: Redis, uuids: readonly string[], work: () => Promise<void>): Promise<Sightings> {
  const seen: Sightings = { looks: 0, available: new Set() };
  let over = false;
  const look = async (): Promise<void> => {
    while (!over) {
      const found = await Promise.all(uuids.map((uuid) => redis.hmget(keys.consumer(uuid), 'available', 'state')));
      for (const [i, [available, state]] of found.entries()) {
        if (available === '1' || state === 'available' || state === 'suspect') seen.available.add(uuids[i] ?? '');
      }
      seen.looks += 1;
      await delay(LOOK_MS);
    }
  };
  const done = work().finally(() => (over = true));
  await Promise.all([look(), done]);
  return seen;
}

/**
 * Waits until the log is read up to now: on a busy machine lines wait in the pipe, and what they count is behind what
 * the peers count. Only for a scheduler that logs all the time.
 */
export async function caughtUp({ lines }: Scheduler): Promise<void> {
  await eventually(() => {
    expect(Date.now() - Date.parse(lines.at(-1)?.timestamp ?? '')).to.be.lessThan(BEHIND_MS);
  });
}

/** The events of one kind that a log at level debug tells of; one that has several lines is one. */
export function logged<K extends SchedulerEvent['kind']>({ lines }: Scheduler, kind: K): readonly EventOf<K>[] {
  let last = '';
  return lines.flatMap((line) => {
    const { detail } = line as { readonly detail?: SchedulerEvent };
    if (detail?.kind !== kind) return [];
    const before = last;
    last = JSON.stringify(detail);
    return last === before ? [] : [detail as EventOf<K>];
  });
}

/** How each check of each peer ended: `ok`, or the reason why not. */
export function results(scheduler: Scheduler): ReadonlyMap<string, readonly string[]> {
  const all = new Map<string, string[]>();
  for (const { check } of logged(scheduler, 'peer.checked')) {
    const { uuid, outcome } = check;
    const ends = all.get(uuid) ?? [];
    ends.push(outcome.ok ? 'ok' : outcome.reason);
    all.set(uuid, ends);
  }
  return all;
}
