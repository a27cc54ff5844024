/** A number with commas between the thousands, whatever the locale. */
export function grouped(n: number): string {
  return n.toLocaleString('en-US');
}

/** A share as people read it, `99.1%`, rounded down: below all it never says 100. `–` where there is none. */
export function percent(share: number | null): string {
  if (share === null) return '–';
  if (share >= 1) return '100%';
  return `${(Math.floor(share * 1_000) / 10).toFixed(1)}%`;
}

/** Milliseconds as people read them, `41 ms` or `1.2 s`; `–` where there are none. */
export function millis(ms: number | null): string {
  if (ms === null) return '–';
  return ms < 1_000 ? `${String(Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** `1 peer`, `1,200 peers`. */
export function many(n: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(n)} ${n === 1 ? noun : plural}`;
}
