import { createHmac } from 'node:crypto';

/** The header that carries the proof of origin. */
export const SIGNATURE_HEADER = 'x-consumer-signature';

/**
 * Proof of origin of a body: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, the scheme of Stripe's webhook
 * signatures. The time is signed too, so that a receiver can refuse what was recorded and replayed later.
 */
export function sign(secret: string, body: string, nowMs: number): string {
  const t = String(Math.floor(nowMs / 1_000));
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}
