import type { PromiseId } from './promises.js';

/** The result of one promise. */
export interface Finding {
  readonly id: PromiseId;
  /** `remark` for a recommendation that is not followed. */
  readonly result: 'kept' | 'broken' | 'remark' | 'not-checked';
  /** What was observed, or why it was not checked. */
  readonly seen: string;
  /** What was expected, if the promise is not kept. */
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

/** Why no other promise is checked if there is no answer. */
export const NO_ANSWER = 'it gives no whole answer';

/** Kept if no attempt went wrong; otherwise broken, with the first failure. */
export function unlessBroken(id: PromiseId, wrong: readonly string[], seen: string, expected: string): Finding {
  const [first] = wrong;
  return first === undefined ? kept(id, seen) : broken(id, first, expected);
}
