import type { StoredAddress } from '../peer/peer.js';
import type { FailureReason } from '../call/reasons.js';

/** What the outbox has for a worker that asks for something to do. */
export type Lease =
  | {
      readonly kind: 'due';
      readonly uuid: string;
      /** The current IP as stored, which is what has to be sent. */
      readonly ip: string;
      readonly stored: StoredAddress;
      /** Attempts made since this IP was recorded, this one not included. */
      readonly attempts: number;
      /** Why the last attempt failed, as stored. */
      readonly error: string | null;
    }
  /** The producer left the registry, and with that the outbox. */
  | { readonly kind: 'dropped'; readonly uuid: string }
  /** Nothing is due; the next one is in so many milliseconds. */
  | { readonly kind: 'wait'; readonly forMs: number }
  | { readonly kind: 'empty' }
  /** The IP in Redis is not the one that the asker knows: Redis lost its data, or somebody else wrote it. */
  | { readonly kind: 'stale' };

/** How an attempt ended. */
export interface Settlement {
  readonly uuid: string;
  readonly ip: string;
  readonly stored: StoredAddress;
  readonly failure: { readonly reason: FailureReason; readonly retryInMs: number } | undefined;
}

/**
 * The outbox of IP announcements: who still has to hear of the current IP, and when they are to be asked next. Every
 * step is one transaction in Redis, so that a crash between any two of them repeats a call but never forgets one.
 * Each method rejects where Redis could not confirm the step.
 */
export interface Outbox {
  /** Stores the IP and puts every registered producer on the list, where it is not the stored one already. */
  enqueue(ip: string): Promise<{
    readonly changed: boolean;
    readonly previous: string | undefined;
    readonly producers: number;
  }>;
  /** Takes the producer that is due first for so long as the lease lasts; after a crash it is due again then. */
  lease(expectedIp: string | undefined, leaseMs: number): Promise<Lease>;
  /** Takes it off the list, or puts off its next attempt. Returns how many are still on the list. */
  settle(settlement: Settlement): Promise<{ readonly pending: number }>;
}
