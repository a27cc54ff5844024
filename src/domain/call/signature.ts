import { createHmac, timingSafeEqual } from 'node:crypto';

/** The header that carries the proof of origin. */
export const SIGNATURE_HEADER = 'x-consumer-signature';

/** The header of an announcement that says under which term it was made; it never falls. */
export const TERM_HEADER = 'x-consumer-term';

/** Older or newer than this is a replay, or a clock that is wrong, in milliseconds. */
const WINDOW_MS = 300_000;
const SECONDS = /^\d{1,12}$/;
const TERM = /^\d{1,15}$/;

/** What a receiver has of a call. */
export interface ReceivedCall {
  /** By their names in lower case, as Node has them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As it came: one that was parsed and written again has another digest. */
  readonly body: string | Uint8Array;
  /** When it came, in Unix milliseconds. */
  readonly at: number;
}

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

/**
 * Whether a call proves that its caller has the secret, or one of several while a secret is exchanged: its time lies
 * within five minutes, and one of its digests is that of the body (`v1`) or, where the call carries a term, of the term
 * and the body (`v2`). Compared in constant time. An empty secret proves nothing.
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

/** The term that a call carries; undefined where it carries none, or what is no term. */
export function termOf({ headers }: Pick<ReceivedCall, 'headers'>): number | undefined {
  const term = headers[TERM_HEADER];
  return typeof term === 'string' && TERM.test(term) ? Number(term) : undefined;
}
