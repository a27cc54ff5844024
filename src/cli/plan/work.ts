import type { Workload } from './workload.js';

/** Peers by the cost of a call: an answering peer takes the latency, a silent one the timeout. */
export interface PeerGroups {
  readonly answering: number;
  readonly silent: number;
}

export function peerGroups(count: number, { silent }: Pick<Workload, 'silent'>): PeerGroups {
  const silentCount = Math.round(count * silent);
  return { answering: count - silentCount, silent: silentCount };
}

/** The cost of one call. */
export interface Call {
  readonly latencyMs: number;
  readonly timeoutMs: number;
  /** Processor time. */
  readonly computeMs: number;
}

/** The total waiting time with a single worker. */
export function waitMs({ answering, silent }: PeerGroups, { latencyMs, timeoutMs }: Omit<Call, 'computeMs'>): number {
  return answering * latencyMs + silent * timeoutMs;
}

/**
 * The time until all answering peers have answered, with this number of workers. It is at least the time of one
 * answer, and at least the computing time of all calls on one core.
 */
export function passMs(groups: PeerGroups, call: Call, workers: number): number {
  const { answering, silent } = groups;
  const computes = (answering + silent) * call.computeMs;
  return Math.max(waitMs(groups, call) / workers, computes, answering > 0 ? call.latencyMs : 0);
}

/**
 * The number of workers that finish within the interval; at least one, because a lane without workers checks no
 * peer.
 */
export function workersFor(waitsMs: number, intervalMs: number): number {
  return Math.max(1, Math.ceil(waitsMs / intervalMs));
}

export function perSecond(count: number, intervalMs: number): number {
  return (count * 1_000) / intervalMs;
}
