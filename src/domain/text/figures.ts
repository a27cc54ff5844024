/** A number with commas between the thousands, independent of the locale. */
export function grouped(n: number): string {
  return n.toLocaleString('en-US');
}

/** A fraction as a percentage, `99.1%`, rounded down so that less than all never reads 100%; `–` for none. */
export function percent(share: number | null): string {
  if (share === null) return '–';
  if (share >= 1) return '100%';
  return `${(Math.floor(share * 1_000) / 10).toFixed(1)}%`;
}

/** Milliseconds for display, `41 ms` or `1.2 s`; `–` for none. */
export function millis(ms: number | null): string {
  if (ms === null) return '–';
  return ms < 1_000 ? `${String(Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** `1 peer`, `1,200 peers`. */
export function many(n: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(n)} ${n === 1 ? noun : plural}`;
}
