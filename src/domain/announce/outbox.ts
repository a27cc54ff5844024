import type { FailureReason } from '../call/reasons.js';
import type { OwnIp } from '../ip/source.js';
import type { StoredAddress } from '../peer/peer.js';

/** An announcement that is leased to one worker. */
export interface Delivery {
  readonly kind: 'due';
  readonly uuid: string;
  /** The stored current IP, which must be sent. */
  readonly ip: string;
  readonly stored: StoredAddress;
  /** The attempts since it was enqueued, without this one. */
  readonly attempts: number;
  /** The stored error of the last attempt. */
  readonly error: string | null;
}

/** The result of a poll of the outbox. */
export type Lease =
  | Delivery
  /** The producer has left the registry, and so the outbox. */
  | { readonly kind: 'dropped'; readonly uuid: string }
  /** Nothing is due. The next item is due after this time. */
  | { readonly kind: 'wait'; readonly forMs: number }
  | { readonly kind: 'empty' }
  /** The stored IP differs: it has changed, Redis has lost its data, or another program wrote it. */
  | { readonly kind: 'stale' };

/** The result of an ack or nack. */
export interface Settled {
  /** The number of producers that are still enqueued. */
  readonly pending: number;
  /**
   * Why the attempt no longer counts: our IP has changed, the address of the producer has changed, the producer has
   * left the registry, or (for a failure) another attempt was acknowledged.
   */
  readonly outdated: 'ip' | 'address' | 'left' | 'acknowledged' | undefined;
  /** Whether the producer had acknowledged this IP before and was called again. */
  readonly again: boolean;
}

/** The producers that are called although the IP has not changed. */
export interface ReannounceRules {
  /** Those that have registered, or changed their address, since their last ack. */
  readonly newcomers: boolean;
  /** Those whose last ack is at least this old; undefined for none. */
  readonly refreshMs: number | undefined;
}

/** The result of the scan of one page of the producers. */
export interface ScanPage {
  /** The cursor of the next page; undefined after the last. */
  readonly next: string | undefined;
  /** The number of producers enqueued, by cause. */
  readonly newcomers: number;
  readonly refreshed: number;
}

/** The length of a lease, and the longest delay until an item is due. */
export interface LeaseTerms {
  /** Longer than an attempt with its ack or nack can take. */
  readonly leaseMs: number;
  /**
   * The longest delay that is ever stored, including a lease. A later due time was stored before the clock was set
   * back.
   */
  readonly longestMs: number;
}

/** The result of storing an IP. */
export interface Enqueued {
  readonly changed: boolean;
  readonly previous: string | undefined;
  readonly producers: number;
}

/**
 * The outbox of IP announcements: which producers still have to acknowledge the current IP, and when each of them is
 * due. Every step is one transaction in Redis, so a crash between two steps may repeat a call but never loses one.
 * Each method rejects if Redis could not confirm the step.
 */
export interface Outbox {
  /** The stored IP, if there is one. */
  announced(): Promise<string | undefined>;
  /** Stores the IP, records the change and enqueues every registered producer, unless that IP is stored already. */
  enqueue(own: OwnIp): Promise<Enqueued>;
  /**
   * Leases the producer that is due first. After a crash it is due again when the lease has expired. `ip` is the IP
   * that the caller knows, or undefined to accept any stored one.
   */
  lease(ip: string | undefined, terms: LeaseTerms): Promise<Lease>;
  /**
   * Enqueues the producers of one page that the rules select and that are not enqueued yet. `ip` is the IP that the
   * caller knows; if another one is stored, no producer is enqueued.
   */
  scan(ip: string, reannounce: ReannounceRules, page: string | undefined): Promise<ScanPage>;
  /** Records an ack. `storeAddress` also stores the address, for the scans for newcomers. */
  ack(delivery: Delivery, storeAddress: boolean): Promise<Settled>;
  /** Records a failure. The producer is due again after the delay. */
  nack(delivery: Delivery, reason: FailureReason, retryInMs: number): Promise<Settled>;
}
