import type { FailureReason } from '../call/reasons.js';
import type { OwnIp } from '../ip/source.js';
import type { StoredAddress } from '../peer/peer.js';

/** An announcement leased to one worker. */
export interface Delivery {
  readonly kind: 'due';
  readonly uuid: string;
  /** The current IP as stored, which is what has to be sent. */
  readonly ip: string;
  readonly stored: StoredAddress;
  /** Attempts made since it was enqueued, this one not included. */
  readonly attempts: number;
  /** Why the last attempt failed, as stored. */
  readonly error: string | null;
}

/** What the outbox answers to a poll. */
export type Lease =
  | Delivery
  /** The producer left the registry, and with that the outbox. */
  | { readonly kind: 'dropped'; readonly uuid: string }
  /** Nothing is due; the next one is in so many milliseconds. */
  | { readonly kind: 'wait'; readonly forMs: number }
  | { readonly kind: 'empty' }
  /** The stored IP is another, or there is none: it changed, Redis lost its data, or somebody else wrote it. */
  | { readonly kind: 'stale'; readonly stored: string | undefined };

/** What a settlement found. */
export interface Settled {
  /** How many are still enqueued. */
  readonly pending: number;
  /**
   * Why what the attempt came to counts no longer: another IP is ours, another address the producer's, it left the
   * registry, or (for a failure) another attempt has been acknowledged.
   */
  readonly outdated: 'ip' | 'address' | 'left' | 'acknowledged' | undefined;
  /** Whether it has acknowledged this very IP before, and was called again. */
  readonly again: boolean;
}

/** Which producers are called although the IP has not changed. */
export interface Audience {
  /** Those that have registered, or changed their address, since they acknowledged. */
  readonly newcomers: boolean;
  /** Those that acknowledged so long ago, undefined for none. */
  readonly refreshMs: number | undefined;
}

/** What a look at one page of the producers came to. */
export interface Look {
  /** Where the next page begins, undefined where there is none. */
  readonly next: string | undefined;
  /** How many were enqueued, and why. */
  readonly newcomers: number;
  readonly refreshed: number;
}

/** For how long a producer is leased, and how far ahead anything may be due. */
export interface LeaseTerms {
  /** Longer than an attempt and its settlement can take. */
  readonly leaseMs: number;
  /**
   * The longest wait that is ever stored, a lease included: what is due later was stored before the clock went back.
   */
  readonly longestMs: number;
}

/** What storing an IP came to. */
export interface Enqueued {
  readonly changed: boolean;
  readonly previous: string | undefined;
  readonly producers: number;
}

/**
 * The outbox of IP announcements: which producers still have to acknowledge the current IP, and when each of them is
 * due. Every step is one transaction in Redis, so that a crash between any two of them repeats a call but never forgets
 * one. Each method rejects where Redis could not confirm the step.
 */
export interface Outbox {
  /** The IP that is stored, where there is one. */
  announced(): Promise<string | undefined>;
  /**
   * Stores the IP, notes the change and enqueues every registered producer, unless that IP is the stored one already. A
   * call after one that could not be confirmed says as well that it has changed where that one has stored it.
   */
  enqueue(own: OwnIp): Promise<Enqueued>;
  /**
   * Leases the producer that is due first; after a crash it is due again when the lease has run out. `ip` is the IP
   * that the caller knows, undefined for whatever is stored.
   */
  lease(ip: string | undefined, terms: LeaseTerms): Promise<Lease>;
  /** Our clock went back by so much: each producer is due that much sooner by it, which is when it was to be. */
  bringForward(byMs: number): Promise<void>;
  /**
   * Enqueues those on one page of the registered producers that belong to the audience, and owe no acknowledgement yet.
   * `ip` is the IP that the caller knows: nobody does where the stored one is another.
   */
  look(ip: string, audience: Audience, page: string | undefined): Promise<Look>;
  /** The producer acknowledged. `noteAddress`: where, for the looks for newcomers. */
  ack(delivery: Delivery, noteAddress: boolean): Promise<Settled>;
  /** The attempt failed: it is due again after the delay. */
  nack(delivery: Delivery, reason: FailureReason, retryInMs: number): Promise<Settled>;
}
