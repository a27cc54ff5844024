import type { Config } from '../config/config.js';
import type { Lane } from '../domain/peer/peer.js';

/** What tells the lanes apart. */
export interface LaneSettings {
  readonly tickMs: number;
  readonly jitter: number;
  /** Age of a check after which it is repeated; only for the lanes that recheck. */
  readonly everyMs: number;
  readonly workers: number;
}

export const LANES: readonly Lane[] = ['regular', 'suspect', 'pending', 'unavailable'];

/** The lanes that recheck look this many times an interval for peers that are due, so that none waits much longer. */
const TICKS_PER_INTERVAL = 5;
/** A peer that is found just when a round of the pending lane ends waits for the next tick. */
const MAX_PENDING_TICK_MS = 5_000;

/** `firstStart`: no peer has a state yet, so the idle workers of the regular lane help the pending one. */
export function laneSettings(lane: Lane, { sync }: Config, firstStart = false): LaneSettings {
  const rechecking = (everyMs: number, workers: number): LaneSettings => {
    return { tickMs: everyMs / TICKS_PER_INTERVAL, jitter: 0, everyMs, workers };
  };
  // A peer that becomes due right after a tick waits for the next one, and still is checked once an interval.
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
