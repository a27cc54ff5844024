/** However long a server asks to be left alone, an hour is honoured at most. */
const LONGEST_MS = 3_600_000;

/** The wait that a `Retry-After` header asks for (RFC 9110 §10.2.3: seconds or a date), undefined where it asks none. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text) * 1_000, LONGEST_MS);
  // A date names a day of the week; without this check Date.parse would read "-1" as a year.
  if (!/^[A-Z][a-z]+,? /.test(text)) return undefined;
  const waitMs = Date.parse(text) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, LONGEST_MS) : undefined;
}
