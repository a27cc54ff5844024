import { createHmac, timingSafeEqual } from 'node:crypto';

/** The header with the proof of origin. */
export const SIGNATURE_HEADER = 'x-consumer-signature';

/** The header of an announcement with its term. The term never decreases. */
export const TERM_HEADER = 'x-consumer-term';

/** A call outside this window, in milliseconds, is a replay or comes from a wrong clock. */
const WINDOW_MS = 300_000;
const SECONDS = /^\d{1,12}$/;
const TERM = /^\d{1,15}$/;

/** A call as its receiver sees it. */
export interface ReceivedCall {
  /** Header names are in lower case, as Node has them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body exactly as received. A body that was parsed and serialised again has another digest. */
  readonly body: string | Uint8Array;
  /** The time of receipt in Unix milliseconds. */
  readonly at: number;
}

/**
 * Proof of origin of a body: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, the scheme of Stripe's webhook
 * signatures. The time is signed too, so that a receiver can refuse a recorded call that is replayed later. If the
 * call has a term, `v2=<hex HMAC-SHA256 of "t.term.body">` proves the term as well.
 */
export function sign(secret: string, body: string, nowMs: number, term?: number): string {
  const t = String(Math.floor(nowMs / 1_000));
  const hmac = (text: string): string => createHmac('sha256', secret).update(text).digest('hex');
  const v1 = `t=${t},v1=${hmac(`${t}.${body}`)}`;
  return term === undefined ? v1 : `${v1},v2=${hmac(`${t}.${String(term)}.${body}`)}`;
}

/**
 * Whether a call proves that its sender has the secret, or one of several during a change of the secret: its time is
 * within five minutes, and one of its digests is that of the body (`v1`) or, if the call has a term, of the term and
 * the body (`v2`). The comparison takes constant time. An empty secret proves nothing.
 */
export function verify(secrets: string | readonly string[], { headers, body, at }: ReceivedCall): boolean {
  const header = headers[SIGNATURE_HEADER];
  if (typeof header !== 'string') return false;
  const parts = header.split(',').map((part) => part.split('=', 2));
  const time = parts.find(([name]) => name === 't')?.[1] ?? '';
  if (!SECONDS.test(time) || Math.abs(at - Number(time) * 1_000) > WINDOW_MS) return false;
  const term = headers[TERM_HEADER];
  const [version, signed] = typeof term === 'string' ? ['v2', `${time}.${term}.`] : ['v1', `${time}.`];
  const given = parts.flatMap(([name, digest = '']) => (name === version ? [Buffer.from(digest, 'hex')] : []));
  return [secrets].flat().some((secret) => {
    if (secret === '') return false;
    const expected = createHmac('sha256', secret).update(signed).update(body).digest();
    return given.some((digest) => digest.length === expected.length && timingSafeEqual(digest, expected));
  });
}

/** The term of a call, or undefined if it has none or an invalid one. */
export function termOf({ headers }: Pick<ReceivedCall, 'headers'>): number | undefined {
  const term = headers[TERM_HEADER];
  return typeof term === 'string' && TERM.test(term) ? Number(term) : undefined;
}
