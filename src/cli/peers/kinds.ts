import type { AddressClass } from '../../domain/ip/address.js';
import type { PeerKind } from '../../domain/peer/peer.js';
import { quoted } from '../../domain/text/printable.js';
import { UsageError } from '../commandError.js';
import type { Registry } from '../registry.js';

export const KINDS = ['consumer', 'producer'] as const satisfies PeerKind[];
/** Whatever class the policy may allow. */
export const ANY: readonly AddressClass[] = ['public', 'private', 'loopback'];
/** Entries read or written at once, and members of a set looked through at once. */
export const PAGE = 256;

export function kindOf(kind: string): PeerKind {
  const known = KINDS.find((one) => one === kind);
  if (known === undefined) {
    throw new UsageError(`${quoted(kind)} is no kind of peer: expected consumer or producer`);
  }
  return known;
}

/** The set that names the peers of a kind, and the key of each. */
export function placesOf({ keys }: Pick<Registry, 'keys'>, kind: PeerKind) {
  return kind === 'consumer'
    ? { set: keys.consumers, keyOf: keys.consumer }
    : { set: keys.producers, keyOf: keys.producer };
}

/** As configured, or as the scheduler on this registry says. */
export async function ourUuid({ redis, keys, uuid }: Registry): Promise<string | null> {
  return uuid ?? (await redis.hget(keys.scheduler, 'uuid'));
}

/** The members of a set in pages; one may come twice (SSCAN). */
export async function* members({ redis }: Pick<Registry, 'redis'>, set: string): AsyncGenerator<readonly string[]> {
  let cursor = '0';
  do {
    const [next, found] = await redis.sscan(set, cursor, 'COUNT', PAGE);
    // A small set is stored compactly and comes whole, whatever COUNT says: of such a one all members are in order.
    found.sort();
    for (let i = 0; i < found.length; i += PAGE) yield found.slice(i, i + PAGE);
    cursor = next;
  } while (cursor !== '0');
}

/** The members of a set that are this UUID, but for the case of its letters. */
export async function spellingsOf(registry: Registry, set: string, uuid: string): Promise<string[]> {
  const wanted = uuid.toLowerCase();
  const found = new Set<string>();
  for await (const page of members(registry, set)) {
    for (const member of page) if (member.toLowerCase() === wanted) found.add(member);
  }
  return [...found].sort();
}
