/** The key of a lock, and the token that it has to hold where something is written under it; '' asks for nothing. */
export interface Guard {
  readonly key: string;
  readonly token: string;
}

/**
 * The share that a peer belongs to, of so many: FNV-1a over all bytes of the UUID in lower case (that of version 7 begins
 * with a clock), mixed by the finalizer of MurmurHash3. It has to be the same in every version, on every replica.
 */
export function shareOf(uuid: string, shares: number): number {
  const text = uuid.toLowerCase();
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % shares;
}
