import type { HistorySize } from '../domain/history.js';
import { FIGURES, MEASURED_SLOTS } from './plan/figures.js';

/** Above this number of consumers the history takes a considerable part of Redis memory. */
const LARGE_REGISTRY = 20_000;
export const FEW_HOURS = 24;

/** The Redis memory for the full history of this number of consumers. */
export function historyBytes(consumers: number, { hours, days }: HistorySize): number {
  return (consumers * (hours + days) * FIGURES.redisHistory.value) / MEASURED_SLOTS;
}

/** Whether fewer hours of history would save considerable memory. */
export function isLarge(consumers: number, { hours }: HistorySize): boolean {
  return consumers > LARGE_REGISTRY && hours > FEW_HOURS;
}
