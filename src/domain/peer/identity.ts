import type { Reply } from '../call/http.js';
import type { CheckOutcome } from './peer.js';

/**
 * The outcome of a reply to `/sync`. An answer with another UUID is a failure, because the address now belongs to
 * another peer. An answer without a body, or whose body is not a JSON object with a `uuid`, names no peer.
 */
export function checkIdentity(reply: Reply, uuid: string, latencyMs: number): CheckOutcome {
  if (!reply.ok) return { ok: false, reason: reply.reason };
  const named = namedUuid(reply.body);
  if (named !== undefined && named.toLowerCase() !== uuid.toLowerCase())
    return { ok: false, reason: 'identity-mismatch' };
  return { ok: true, latencyMs };
}

/** An object that may have the key `uuid`, which JSON may also write with escapes. */
const OBJECT = /^\s*\{[^]*(?:uuid|\\)/;

/** The UUID in an answer, or undefined if there is none. */
export function namedUuid(body: string): string | undefined {
  // Most bodies are empty or name no peer. To parse each, or an error for each, would cost more than the rest.
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
