/**
 * How many times as much a fault spec does as in `npm test`: 1 there, and what is asked for by
 * `npm run test:faults -- 20` or `npm run soak -- 20`.
 */
export const scale = Math.max(1, Number(process.env.SPEC_SCALE ?? 1) || 1);

/** A figure for the record, printed where a longer run was asked for. */
export function report(figure: string): void {
  if (process.env.SPEC_SCALE !== undefined) process.stdout.write(`      ${figure}\n`);
}

/** How long it took each time until the first verdict was written, for `report`. */
export function recovery(tookMs: readonly number[]): string {
  const sorted = [...tookMs].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${sorted.length} times, the first verdict written ${median} ms after it answered again (median), ${sorted.at(-1) ?? 0} ms (most)`;
}
