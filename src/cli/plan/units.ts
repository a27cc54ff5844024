const SIZES = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const;

/** `1.2 GB`, `16 MB`: an estimate has at most two significant digits. */
export function bytes(count: number): string {
  const [unit, size] = SIZES.find(([, one]) => count >= one) ?? ['kB', 1e3];
  return `${twoDigits(count / size)} ${unit}`;
}

const TIMES = [
  ['h', 3_600_000, 2],
  ['min', 60_000, 2],
  ['s', 1_000, 0],
] as const;

/** An estimated time: `0.4 s`, `45 s`, `6.5 min`. */
export function about(ms: number): string {
  const [unit, size] = TIMES.find(([, one, least]) => ms >= one * least) ?? TIMES[2];
  return `${twoDigits(ms / size)} ${unit}`;
}

/** A rate per second. */
export function rate(count: number): string {
  return `${twoDigits(count)}/s`;
}

/** A fraction of one core. */
export function core(share: number): string {
  return `${twoDigits(share * 100)}% of a core`;
}

function twoDigits(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US');
}
