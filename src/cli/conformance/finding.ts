import type { PromiseId } from './promises.js';

/** What became of one promise. */
export interface Finding {
  readonly id: PromiseId;
  /** `remark` for what is only recommended, and is not kept. */
  readonly result: 'kept' | 'broken' | 'remark' | 'not-checked';
  /** What was seen; why, of what was not checked. */
  readonly seen: string;
  /** What was expected, of what is not kept. */
  readonly expected?: string;
}

export function kept(id: PromiseId, seen: string): Finding {
  return { id, result: 'kept', seen };
}

export function broken(id: PromiseId, seen: string, expected: string): Finding {
  return { id, result: 'broken', seen, expected };
}

export function remark(id: PromiseId, seen: string, expected: string): Finding {
  return { id, result: 'remark', seen, expected };
}

export function notChecked(id: PromiseId, why: string): Finding {
  return { id, result: 'not-checked', seen: why };
}

/** Why nothing else is checked of an API that gives none. */
export const NO_ANSWER = 'it gives no whole answer';

/** Kept where nothing of what was tried went wrong; else broken, by the first thing that did. */
export function unlessBroken(id: PromiseId, wrong: readonly string[], seen: string, expected: string): Finding {
  const [first] = wrong;
  return first === undefined ? kept(id, seen) : broken(id, first, expected);
}
