import type { Reply } from '../call/http.js';
import type { CheckOutcome } from './peer.js';

/**
 * What a reply to `/sync` says of the peer that was meant: an answer in another's name is a failure, since the
 * address belongs to somebody else now. No body, or one that is not a JSON object with a `uuid`, names nobody.
 */
export function checkIdentity(reply: Reply, uuid: string, latencyMs: number): CheckOutcome {
  if (!reply.ok) return { ok: false, reason: reply.reason };
  const named = namedUuid(reply.body);
  if (named !== undefined && named.toLowerCase() !== uuid.toLowerCase())
    return { ok: false, reason: 'identity-mismatch' };
  return { ok: true, latencyMs };
}

const OBJECT = /^\s*\{/;

/** The UUID that an answer names; undefined where it names none. */
export function namedUuid(body: string): string | undefined {
  // An error for a body that is empty, as most are, would cost more than all else that is made of it.
  if (!OBJECT.test(body)) return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null || !Object.hasOwn(parsed, 'uuid')) return undefined;
    const { uuid } = parsed as { uuid: unknown };
    return typeof uuid === 'string' ? uuid : undefined;
  } catch {
    return undefined;
  }
}
