/** The key of a lock, and the token that it must hold for a write; '' for no comparison. */
export interface Guard {
  readonly key: string;
  readonly token: string;
}

/**
 * The share of a peer: FNV-1a over all bytes of the UUID in lower case (a version 7 UUID begins with a clock), mixed
 * by the finalizer of MurmurHash3. The result must be the same in every version and on every replica.
 */
export function shareOf(uuid: string, shares: number): number {
  const text = uuid.toLowerCase();
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % shares;
}
