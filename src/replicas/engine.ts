/** A share that this process holds, and the token in its lock. */
export interface HeldShare {
  readonly share: number;
  readonly token: string;
}

/** Hands out shares. Each share has one holder at a time, for as long as the holder renews its lock. */
export interface ShareEngine {
  /** The key of the lock of a share. A write under the lock is compared with the token there. */
  lockOf(share: number): string;
  /** Renews the locks for another lease. Returns the shares whose lock is gone. */
  renew(held: readonly HeldShare[]): Promise<ReadonlySet<number>>;
  /** The token that a lock holds now. */
  holderOf(share: number): Promise<string | undefined>;
  /** Frees shares whose holder is gone, and creates missing ones. Returns the number of free shares. */
  recover(): Promise<number>;
  /** Takes any free share under this token. Returns undefined if none is free. */
  take(token: string): Promise<number | undefined>;
  /** Frees a share of this process. */
  giveBack(held: HeldShare): Promise<void>;
  close(): Promise<void>;
}

/** What the replicas publish to each other. */
export interface Membership {
  /**
   * Renews our membership and publishes our state. Rejects with `ShareCountError` if a live replica uses another
   * number of shares.
   */
  beat(own: Readonly<Record<string, string | number>>): Promise<MembershipView>;
  /** Reads what is visible to a process that is not a member. */
  read(): Promise<NodeAddress>;
  /** Ends our membership. */
  leave(): Promise<void>;
}

/** The stored public IP, and the one that the leader has found for itself; undefined if unknown. */
export interface NodeAddress {
  readonly storedIp: string | undefined;
  readonly leaderIp: string | undefined;
}

/** What a beat has read. */
export interface MembershipView extends NodeAddress {
  /** The live members, including this one. */
  readonly members: readonly { readonly instance: string; readonly name: string }[];
  /** The sums over the last round of each member. */
  readonly ok: number;
  readonly failed: number;
  /** Whether all members are isolated. */
  readonly isolated: boolean;
}

/** A live replica divides the registry into another number of shares. */
export class ShareCountError extends Error {}
