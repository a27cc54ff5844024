import { classify } from '../domain/ip/address.js';
import type { PeerKind } from '../domain/peer/peer.js';
import { UUID } from '../domain/peer/uuid.js';

/** What was to be registered can't be; nothing of it has reached Redis. The message does not repeat the value. */
export class RegistryInputError extends TypeError {
  override readonly name = 'RegistryInputError';

  constructor(
    readonly field: 'kind' | 'uuid' | 'ip' | 'port' | 'from',
    expected: string,
  ) {
    super(`${field}: expected ${expected}`);
  }
}

/** The kind, which callers without types may have got from anywhere. */
export function checkedKind<K extends PeerKind>(kind: K): K {
  if (!['consumer', 'producer'].includes(kind)) throw new RegistryInputError('kind', 'consumer or producer');
  return kind;
}

/** How a UUID may be spelled in a registry: the usual one first, in lower case, then as it came and in capitals. */
export function spellingsOf(uuid: string): readonly string[] {
  if (typeof uuid !== 'string' || !UUID.test(uuid)) throw new RegistryInputError('uuid', 'a UUID');
  return [...new Set([uuid.toLowerCase(), uuid, uuid.toUpperCase()])];
}

/** An address in its one spelling. */
export function literal(field: 'ip' | 'from', text: string): string {
  const address = typeof text === 'string' ? classify(text) : { ok: false as const };
  if (!address.ok) throw new RegistryInputError(field, 'an IP address');
  return address.ip;
}

/** What a script is told of the port: '' leaves the stored one, '-' takes it away. */
export function portWord(port: number | null | undefined): string {
  if (port === undefined) return '';
  if (port === null) return '-';
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RegistryInputError('port', 'a whole number from 1 to 65535');
  }
  return String(port);
}
