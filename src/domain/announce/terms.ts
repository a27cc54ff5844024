import { LONGEST_RETRY_AFTER_MS } from '../call/retryAfter.js';
import type { LeaseTerms } from './outbox.js';

/** Ack and nack are given up after so long: they are of no use once the lease may have run out. */
export const SETTLE_MS = 9_000;
/** A lease outlasts its attempt by so much, for the ack or nack. */
const MARGIN_MS = 10_000;

/** A producer that has not acknowledged for so long is no matter of a retry any more. */
export const STUCK_MS = 10 * 60_000;

/** The terms under which producers are leased, for whatever the configuration allows. */
export function leaseTerms(timeoutMs: number, retry: { readonly maxMs: number }): LeaseTerms {
  const leaseMs = timeoutMs + MARGIN_MS;
  return { leaseMs, longestMs: Math.max(leaseMs, retry.maxMs, LONGEST_RETRY_AFTER_MS) };
}
