const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A span of time in its largest unit, rounded down: `12 s`, `4 min`, `3 d`. */
export function span(ms: number): string {
  const [unit, size] = UNITS.find(([, one]) => ms >= one) ?? ['s', 1_000];
  return `${String(Math.max(0, Math.floor(ms / size)))} ${unit}`;
}

const DAY_MS = 86_400_000;

/** The time of day in the time zone of this host, with the date if it is more than a day away. */
export function clockTime(at: number, now: number): string {
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (Math.abs(now - at) < DAY_MS) return time;
  return `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}
