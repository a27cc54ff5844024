import { latencyOf, type Bucket, type History, type HistorySize, type Tally } from '#src/domain/history.js';

interface Slot {
  answered: number;
  failed: number;
  withheld: number;
  /** The latency codes of the answers added up; once the slot grows no more, its mean times the answers. */
  codes: number;
}

/** A history in plain data: a slot for each hour and each day that anything is known of. */
export class HistoryModel {
  #newest: number | undefined;
  readonly #hours = new Map<number, Slot>();
  readonly #days = new Map<number, Slot>();

  add(tally: Tally, size: HistorySize): void {
    const hour = Math.floor(tally.began / 60);
    if (this.#newest !== undefined && this.#newest > hour + 48) {
      this.#hours.clear();
      this.#days.clear();
      this.#newest = undefined;
    }
    const newest = Math.max(this.#newest ?? hour, hour);
    if (newest !== this.#newest) close(this.#hours.get(this.#newest ?? -1), hourCode);
    if (dayOf(newest) !== dayOf(this.#newest ?? -1)) close(this.#days.get(dayOf(this.#newest ?? -1)), dayCode);
    this.#newest = newest;
    forgetBefore(this.#hours, newest - size.hours + 1);
    forgetBefore(this.#days, dayOf(newest) - size.days + 1);
    if (hour > newest - size.hours) grow(this.#hours, hour, tally, 255, hour === newest ? undefined : hourCode);
    const today = dayOf(hour) === dayOf(newest);
    if (dayOf(hour) > dayOf(newest) - size.days) {
      grow(this.#days, dayOf(hour), tally, 2_047, today ? undefined : dayCode);
    }
  }

  read(): History {
    return { hours: bucketsOf(this.#hours, 3_600_000, hourCode), days: bucketsOf(this.#days, 86_400_000, dayCode) };
  }
}

function grow(
  slots: Map<number, Slot>,
  at: number,
  tally: Tally,
  most: number,
  closed: ((slot: Slot) => number) | undefined,
): void {
  const slot = slots.get(at) ?? { answered: 0, failed: 0, withheld: 0, codes: 0 };
  slots.set(at, slot);
  const names = ['answered', 'failed', 'withheld', 'codes'] as const;
  for (const name of names) slot[name] += tally[name];
  while (Math.max(slot.answered, slot.failed, slot.withheld) > most) {
    for (const name of names) slot[name] = Math.ceil(slot[name] / 2);
  }
  if (closed !== undefined) close(slot, closed);
}

function close(slot: Slot | undefined, code: (slot: Slot) => number): void {
  if (slot !== undefined) slot.codes = slot.answered * code(slot);
}

function hourCode({ answered, codes }: Slot): number {
  return answered === 0 ? 0 : Math.round(codes / answered);
}

function dayCode(slot: Slot): number {
  return 2 * Math.min(127, Math.ceil(hourCode(slot) / 2));
}

function dayOf(hour: number): number {
  return Math.floor(hour / 24);
}

function forgetBefore(slots: Map<number, Slot>, oldest: number): void {
  for (const at of slots.keys()) if (at < oldest) slots.delete(at);
}

function bucketsOf(slots: Map<number, Slot>, lengthMs: number, code: (slot: Slot) => number): Bucket[] {
  return [...slots]
    .sort(([a], [b]) => a - b)
    .map(([at, slot]) => {
      const { answered, failed, withheld } = slot;
      return { at: at * lengthMs, answered, failed, withheld, latencyMs: latencyOf(code(slot)) };
    });
}
