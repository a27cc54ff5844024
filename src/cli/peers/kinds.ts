import type { AddressClass } from '../../domain/ip/address.js';
import type { PeerKind } from '../../domain/peer/peer.js';
import { quoted } from '../../domain/text/printable.js';
import { UsageError } from '../commandError.js';
import type { Registry } from '../registry.js';

export const KINDS = ['consumer', 'producer'] as const satisfies PeerKind[];
/** Every class that a policy may allow. */
export const ANY_CLASS: readonly AddressClass[] = ['public', 'private', 'loopback'];
/** Entries per read or write, and members per read of a set. */
export const PAGE = 256;

export function kindOf(kind: string): PeerKind {
  const known = KINDS.find((one) => one === kind);
  if (known === undefined) {
    throw new UsageError(`${quoted(kind)} is no kind of peer: expected consumer or producer`);
  }
  return known;
}

/** The set of a kind of peer, and the key of each entry. */
export function keysOf({ keys }: Pick<Registry, 'keys'>, kind: PeerKind) {
  return kind === 'consumer'
    ? { set: keys.consumers, keyOf: keys.consumer }
    : { set: keys.producers, keyOf: keys.producer };
}

/** Our UUID from the configuration, else from the scheduler on this registry. */
export async function ourUuid({ redis, keys, uuid }: Registry): Promise<string | null> {
  return uuid ?? (await redis.hget(keys.scheduler, 'uuid'));
}

/** The members of a set in pages. One may come twice (SSCAN). */
export async function* members({ redis }: Pick<Registry, 'redis'>, set: string): AsyncGenerator<readonly string[]> {
  let cursor = '0';
  do {
    const [next, found] = await redis.sscan(set, cursor, 'COUNT', PAGE);
    // Redis returns a small set as a whole, whatever COUNT says. All its members are then sorted.
    found.sort();
    for (let i = 0; i < found.length; i += PAGE) yield found.slice(i, i + PAGE);
    cursor = next;
  } while (cursor !== '0');
}

/** The members of a set that equal this UUID apart from upper and lower case. */
export async function spellingsOf(registry: Registry, set: string, uuid: string): Promise<string[]> {
  const wanted = uuid.toLowerCase();
  const found = new Set<string>();
  for await (const page of members(registry, set)) {
    for (const member of page) if (member.toLowerCase() === wanted) found.add(member);
  }
  return [...found].sort();
}
