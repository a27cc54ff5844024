import type { AddressFault, FailureReason } from '../call/reasons.js';
import type { AddressClass } from '../ip/address.js';

/** The address to call: a canonical literal and, if the registry entry has one, its own port. */
export interface PeerAddress {
  readonly ip: string;
  readonly port: number | undefined;
}

export type PeerState = 'available' | 'suspect' | 'unavailable';

/** The state of a peer between two checks. `state` is undefined until there is a verdict. */
export interface PeerHealth {
  readonly state: PeerState | undefined;
  /** Consecutive counted failures. */
  readonly failures: number;
  /** Consecutive successes, counted up to `rise`; kept in memory only. */
  readonly successes: number;
  /**
   * The generation of the evidence (see `OnlineEvidence`) at the last counted failure; 0 if there was none since the
   * start.
   */
  readonly countedGeneration: number;
}

/** The address fields exactly as in the registry. A write-back is compared with them. */
export interface StoredAddress {
  readonly ip: string | null;
  readonly port: string | null;
}

/** Further facts about a consumer in the registry, in Unix milliseconds; 0 if unknown. */
export interface PeerFacts {
  /** The last change of state. */
  readonly stateAt: number;
  /** The last answer, and its duration in milliseconds. */
  readonly okAt: number;
  readonly latencyMs: number;
  /** The last call of the consumer to our API. */
  readonly calledAt: number;
}

/** A consumer as stored in the registry. Whether its address may be called is decided at the call. */
export interface RegistryEntry {
  readonly uuid: string;
  readonly stored: StoredAddress;
  readonly health: PeerHealth;
  /** Unix milliseconds of the last check; 0 if there was none. */
  readonly checkedAt: number;
  /** The fault that the registry already has in `error`, so that it is not reported again. */
  readonly reportedFault: AddressFault | null;
  /** Set if the entry was read from the registry. */
  readonly facts?: PeerFacts;
}

/** The number of consumers by state. `denied` and `invalid` consumers are not called and count in no other state. */
export type PeerCounts = Readonly<Record<PeerState | 'pending' | 'denied' | 'invalid', number>>;

/** Address classes that a policy may forbid. `reserved` covers those that are never called. */
export type DeniedClass = AddressClass | 'reserved';

/** The outcome of a check. */
export type CheckOutcome =
  { readonly ok: true; readonly latencyMs: number } | { readonly ok: false; readonly reason: FailureReason };

/** The lanes of checks. Each has its own interval and its own concurrency. */
export type Lane = 'regular' | 'suspect' | 'pending' | 'unavailable';

/** The two kinds of peer in the registry. */
export type PeerKind = 'consumer' | 'producer';
