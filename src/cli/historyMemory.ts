import type { HistorySize } from '../domain/history.js';
import { FIGURES, MEASURED_SLOTS } from './plan/figures.js';

/** From so many consumers on the history takes a noticeable part of Redis' memory. */
const MANY = 20_000;
export const FEW_HOURS = 24;

/** What the history of so many consumers takes of Redis' memory when it is full. */
export function historyBytes(consumers: number, { hours, days }: HistorySize): number {
  return (consumers * (hours + days) * FIGURES.redisHistory.value) / MEASURED_SLOTS;
}

/** Whether it is worth while to keep fewer hours. */
export function isLarge(consumers: number, { hours }: HistorySize): boolean {
  return consumers > MANY && hours > FEW_HOURS;
}
