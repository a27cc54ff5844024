/** A share that this process has, and the token that its lock holds. */
export interface HeldShare {
  readonly share: number;
  readonly token: string;
}

/** What hands out shares: each to one process at a time, for as long as that goes on to say that it lives. */
export interface ShareEngine {
  /** The key of a share's lock: what is written under it is compared with the token there. */
  lockOf(share: number): string;
  /** Makes the locks last for another lease. Returns the shares of which that can't be said: their lock is gone. */
  renew(held: readonly HeldShare[]): Promise<ReadonlySet<number>>;
  /** What a lock holds now. */
  holderOf(share: number): Promise<string | undefined>;
  /** Makes shares free whose holder is gone, and makes those that are missing altogether. Returns how many are free. */
  recover(): Promise<number>;
  /** Takes any free share under this token; undefined where none is free. */
  take(token: string): Promise<number | undefined>;
  /** Makes a share of ours free. */
  giveBack(held: HeldShare): Promise<void>;
  close(): Promise<void>;
}

/** What the replicas know of each other. */
export interface Membership {
  /** Says that we live and how we fare. Rejects with `ShareCountError` where a live one divides into another number. */
  beat(own: Readonly<Record<string, string | number>>): Promise<Seen>;
  /** What can be seen without being a member. */
  look(): Promise<NodeAddress>;
  /** We are no member any more. */
  leave(): Promise<void>;
}

/** The public IP that is stored, and the one that the leader has found for itself; undefined where there is none. */
export interface NodeAddress {
  readonly storedIp: string | undefined;
  readonly leaderIp: string | undefined;
}

/** What a beat has found. */
export interface Seen extends NodeAddress {
  /** Those that live, ourselves included. */
  readonly members: readonly { readonly instance: string; readonly name: string }[];
  /** What their last rounds came to, added up. */
  readonly ok: number;
  readonly failed: number;
  /** Whether all of them are isolated. */
  readonly isolated: boolean;
}

/** A live replica divides the registry into another number of shares. */
export class ShareCountError extends Error {}
