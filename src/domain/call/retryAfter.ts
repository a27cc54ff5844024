/** However long a server asks to be left alone, an hour is honoured at most. */
export const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** Date.parse alone would find a year in any word with a number after it, so only the forms of HTTP reach it. */
const HTTP_DATE =
  /^(?:[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4}|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d) \d\d:\d\d:\d\d GMT$/;
/** The form of C's asctime names no zone, and would be read in ours. */
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/**
 * The wait that a `Retry-After` header asks for, in milliseconds, undefined where it asks none: seconds
 * (RFC 9110 §10.2.3) or a date to come, in any of the three forms of §5.6.7.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, LONGEST_RETRY_AFTER_MS);
  const waitMs = dateMs(text) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, LONGEST_RETRY_AFTER_MS) : undefined;
}

function dateMs(text: string): number {
  if (ASCTIME.test(text)) return Date.parse(`${text} GMT`);
  return HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
}
