import { MAX_RETRY_AFTER_MS } from '../call/retryAfter.js';
import type { LeaseTerms } from './outbox.js';

/** An ack or nack is abandoned after this time, because the lease may then have expired. */
export const SETTLE_MS = 9_000;
/** A lease is longer than its attempt by this time, for the ack or nack. */
const MARGIN_MS = 10_000;

/** A producer without an ack for this long counts as stuck: the cause is more than a missed attempt. */
export const STUCK_MS = 10 * 60_000;

/** The terms of a lease with these settings. */
export function leaseTerms(timeoutMs: number, retry: { readonly maxMs: number }): LeaseTerms {
  const leaseMs = timeoutMs + MARGIN_MS;
  return { leaseMs, longestMs: Math.max(leaseMs, retry.maxMs, MAX_RETRY_AFTER_MS) };
}
