/** The longest `Retry-After` that is honoured: one hour. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** Date.parse finds a year in any word followed by a number, so only the HTTP forms are passed to it. */
const HTTP_DATE =
  /^(?:[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4}|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d) \d\d:\d\d:\d\d GMT$/;
/** The asctime form has no time zone, so it would be read in ours. */
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/**
 * The wait that a `Retry-After` header requests, in milliseconds, or undefined if there is none: seconds (RFC 9110
 * §10.2.3) or a future date, in any of the three forms of §5.6.7.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, MAX_RETRY_AFTER_MS);
  const waitMs = dateMs(text) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, MAX_RETRY_AFTER_MS) : undefined;
}

function dateMs(text: string): number {
  if (ASCTIME.test(text)) return Date.parse(`${text} GMT`);
  return HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
}
