/**
 * How many times as much a fault spec does as in `npm test`: 1 there, and what is asked for by
 * `npm run test:faults -- 20` or `npm run soak -- 20`.
 */
export const scale = Math.max(1, Number(process.env.SPEC_SCALE ?? 1) || 1);

/** A figure for the record, printed where a longer run was asked for. */
export function report(figure: string): void {
  if (process.env.SPEC_SCALE !== undefined) process.stdout.write(`      ${figure}\n`);
}
