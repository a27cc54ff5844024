import { classify } from '../domain/ip/address.js';
import type { PeerKind } from '../domain/peer/peer.js';
import { UUID } from '../domain/peer/uuid.js';

/** The input is invalid, and nothing was sent to Redis. The message does not repeat the value. */
export class RegistryInputError extends TypeError {
  override readonly name = 'RegistryInputError';

  constructor(
    readonly field: 'kind' | 'uuid' | 'ip' | 'port' | 'from',
    expected: string,
  ) {
    super(`${field}: expected ${expected}`);
  }
}

/** Checks the kind, because callers without types may pass any value. */
export function checkedKind<K extends PeerKind>(kind: K): K {
  if (!['consumer', 'producer'].includes(kind)) throw new RegistryInputError('kind', 'consumer or producer');
  return kind;
}

/**
 * The spellings of a UUID that a registry may contain: the usual one in lower case first, then as given, then in
 * capitals.
 */
export function spellingsOf(uuid: string): readonly string[] {
  if (typeof uuid !== 'string' || !UUID.test(uuid)) throw new RegistryInputError('uuid', 'a UUID');
  return [...new Set([uuid.toLowerCase(), uuid, uuid.toUpperCase()])];
}

/** The canonical form of an address. */
export function literal(field: 'ip' | 'from', text: string): string {
  const address = typeof text === 'string' ? classify(text) : { ok: false as const };
  if (!address.ok) throw new RegistryInputError(field, 'an IP address');
  return address.ip;
}

/** The port argument of a script: '' keeps the stored port, '-' removes it. */
export function portArgument(port: number | null | undefined): string {
  if (port === undefined) return '';
  if (port === null) return '-';
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RegistryInputError('port', 'a whole number from 1 to 65535');
  }
  return String(port);
}
