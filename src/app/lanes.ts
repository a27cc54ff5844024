import type { Config } from '../config/config.js';
import type { Lane } from '../domain/peer/peer.js';

/** The settings in which the lanes differ. */
export interface LaneSettings {
  readonly tickMs: number;
  readonly jitter: number;
  /** The age of a check after which it is repeated. Only lanes that recheck use it. */
  readonly everyMs: number;
  readonly workers: number;
}

export const LANES: readonly Lane[] = ['regular', 'suspect', 'pending', 'unavailable'];

/** A lane that rechecks searches for due peers this often per interval, so that no peer waits much longer. */
const TICKS_PER_INTERVAL = 5;
/** A peer that is found just as a round of the pending lane ends waits for the next tick. */
const MAX_PENDING_TICK_MS = 5_000;

/** With `firstStart` no peer has a state yet, so the idle workers of the regular lane help the pending lane. */
export function laneSettings(lane: Lane, { sync }: Config, firstStart = false): LaneSettings {
  const rechecking = (everyMs: number, workers: number): LaneSettings => {
    return { tickMs: everyMs / TICKS_PER_INTERVAL, jitter: 0, everyMs, workers };
  };
  // A peer that becomes due just after a tick waits for the next one. This value still gives it one check per
  // interval.
  const soonMs = Math.min(sync.suspectIntervalMs, (sync.intervalMs * TICKS_PER_INTERVAL) / (TICKS_PER_INTERVAL + 1));
  switch (lane) {
    case 'regular':
      return { tickMs: sync.intervalMs, jitter: sync.jitter, everyMs: 0, workers: sync.concurrency };
    case 'suspect':
      return rechecking(soonMs, sync.concurrency);
    case 'pending':
      return {
        ...rechecking(soonMs, sync.pending.concurrency + (firstStart ? sync.concurrency : 0)),
        tickMs: Math.min(soonMs / TICKS_PER_INTERVAL, MAX_PENDING_TICK_MS),
      };
    case 'unavailable':
      return rechecking(sync.unavailable.intervalMs, sync.unavailable.concurrency);
  }
}
