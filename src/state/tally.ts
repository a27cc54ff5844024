import type { Tally } from '../domain/history.js';

/*
 * The numbers of answered, failed and withheld results in one integer, ten bits each, so that a row of the book stays
 * small. A full count does not grow. Only a Redis outage of many hours fills one.
 */
const BITS = 10;
const FULL = 2 ** BITS - 1;
const SHIFT = { answered: 0, failed: BITS, withheld: 2 * BITS } as const;

export type Result = keyof typeof SHIFT;
const RESULTS = ['answered', 'failed', 'withheld'] as const satisfies Result[];

export function increment(packed: number, result: Result): number {
  return isFull(packed, result) ? packed : packed + (1 << SHIFT[result]);
}

export function isFull(packed: number, result: Result): boolean {
  return count(packed, result) === FULL;
}

export function unpackTally(packed: number, began: number, codes: number): Tally {
  return {
    began,
    answered: count(packed, 'answered'),
    failed: count(packed, 'failed'),
    withheld: count(packed, 'withheld'),
    codes,
  };
}

/** Merges two tallies. The sum of the codes is scaled to the answers that the merged tally counts. */
export function mergeTallies(a: Tally, b: Tally): { readonly packed: number; readonly codes: number } {
  const sum = (result: Result): number => Math.min(FULL, a[result] + b[result]);
  const answers = a.answered + b.answered;
  return {
    packed: RESULTS.reduce((packed, result) => packed + (sum(result) << SHIFT[result]), 0),
    codes: answers === 0 ? 0 : Math.round(((a.codes + b.codes) * sum('answered')) / answers),
  };
}

function count(packed: number, result: Result): number {
  return (packed >> SHIFT[result]) & FULL;
}
