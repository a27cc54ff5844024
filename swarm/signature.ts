import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Call } from './endpoint.js';

/** Older or newer than this is a replay, or a clock that is wrong, in milliseconds. */
const WINDOW_MS = 300_000;

/**
 * Checks the proof of origin as a receiver should: the time lies within the window, and one of the digests is the
 * HMAC-SHA256 of `<time>.<body>` (`v1`) or, where the call carries a term, of `<time>.<term>.<body>` (`v2`), compared in
 * constant time.
 */
export function verify(secret: string, { headers, body, at }: Pick<Call, 'headers' | 'body' | 'at'>): boolean {
  const header = headers['x-consumer-signature'];
  if (typeof header !== 'string') return false;
  const parts = header.split(',').map((part) => part.split('=', 2));
  const time = parts.find(([name]) => name === 't')?.[1] ?? '';
  if (!/^\d{1,12}$/.test(time) || Math.abs(at - Number(time) * 1_000) > WINDOW_MS) return false;
  const term = headers['x-consumer-term'];
  const [version, text] = typeof term === 'string' ? ['v2', `${time}.${term}.${body}`] : ['v1', `${time}.${body}`];
  const expected = createHmac('sha256', secret).update(text).digest();
  return parts.some(([name, digest = '']) => {
    const given = Buffer.from(digest, 'hex');
    return name === version && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
