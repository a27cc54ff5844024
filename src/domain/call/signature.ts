import { createHmac } from 'node:crypto';

/** The header that carries the proof of origin. */
export const SIGNATURE_HEADER = 'x-consumer-signature';

/** The header of an announcement that says under which term it was made; it never falls. */
export const TERM_HEADER = 'x-consumer-term';

/**
 * Proof of origin of a body: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, the scheme of Stripe's webhook
 * signatures. The time is signed too, so that a receiver can refuse what was recorded and replayed later. Where the call
 * carries a term, `v2=<hex HMAC-SHA256 of "t.term.body">` proves that as well.
 */
export function sign(secret: string, body: string, nowMs: number, term?: number): string {
  const t = String(Math.floor(nowMs / 1_000));
  const hmac = (text: string): string => createHmac('sha256', secret).update(text).digest('hex');
  const v1 = `t=${t},v1=${hmac(`${t}.${body}`)}`;
  return term === undefined ? v1 : `${v1},v2=${hmac(`${t}.${String(term)}.${body}`)}`;
}
