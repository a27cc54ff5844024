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

export const LANES: readonly Lane[] = ['regular', 'suspect', 'unavailable'];

/** The lanes that recheck look this many times an interval for peers that are due, so that none waits much longer. */
const TICKS_PER_INTERVAL = 5;

export function laneSettings(lane: Lane, { sync }: Config): LaneSettings {
  switch (lane) {
    case 'regular':
      return { tickMs: sync.intervalMs, jitter: sync.jitter, everyMs: 0, workers: sync.concurrency };
    case 'suspect': {
      // Freshness: every peer that is not unavailable is checked at least once an interval.
      const everyMs = Math.min(sync.suspectIntervalMs, sync.intervalMs);
      return { tickMs: everyMs / TICKS_PER_INTERVAL, jitter: 0, everyMs, workers: sync.concurrency };
    }
    case 'unavailable': {
      const { intervalMs: everyMs, concurrency: workers } = sync.unavailable;
      return { tickMs: everyMs / TICKS_PER_INTERVAL, jitter: 0, everyMs, workers };
    }
  }
}
