import type { Situation } from './situation.js';

/** Peers by what a call of them costs: those that answer take the latency, those that are silent the timeout. */
export interface Crowd {
  readonly answering: number;
  readonly silent: number;
}

export function crowdOf(count: number, { silent }: Pick<Situation, 'silent'>): Crowd {
  const silentOnes = Math.round(count * silent);
  return { answering: count - silentOnes, silent: silentOnes };
}

/** What one call takes. */
export interface Call {
  readonly latencyMs: number;
  readonly timeoutMs: number;
  /** Processor time. */
  readonly computeMs: number;
}

/** For how long a single worker would wait for all of them. */
export function waitMs({ answering, silent }: Crowd, { latencyMs, timeoutMs }: Omit<Call, 'computeMs'>): number {
  return answering * latencyMs + silent * timeoutMs;
}

/**
 * How long so many workers take until all that answer have done so: no less than one answer takes, and no less than one
 * core computes for all of them.
 */
export function passMs(crowd: Crowd, call: Call, workers: number): number {
  const { answering, silent } = crowd;
  const computes = (answering + silent) * call.computeMs;
  return Math.max(waitMs(crowd, call) / workers, computes, answering > 0 ? call.latencyMs : 0);
}

/** How many workers get through in time; at least one, since a lane without any checks nobody. */
export function workersFor(waitsMs: number, intervalMs: number): number {
  return Math.max(1, Math.ceil(waitsMs / intervalMs));
}

export function perSecond(count: number, intervalMs: number): number {
  return (count * 1_000) / intervalMs;
}
