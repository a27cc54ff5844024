/** A duration as people read it. */
export function duration(ms: number): string {
  return ms < 1_000 ? `${String(Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** `1 peer`, `2 peers`. */
export function counted(n: number, noun: string, plural = `${noun}s`): string {
  return `${String(n)} ${n === 1 ? noun : plural}`;
}

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** A time span in its largest unit, for ages: `4 s`, `12 min`, `3 h`, `5 d`. What lies ahead is `0 s`. */
export function age(ms: number): string {
  const [unit, size] = UNITS.find(([, one]) => ms >= one) ?? ['s', 1_000];
  return `${String(Math.max(0, Math.floor(ms / size)))} ${unit}`;
}
