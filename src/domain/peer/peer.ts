import type { AddressFault, FailureReason } from '../call/reasons.js';
import type { AddressClass } from '../ip/address.js';

/** Where to call: a canonical address literal and, where the registry entry carries one, a port of its own. */
export interface PeerAddress {
  readonly ip: string;
  readonly port: number | undefined;
}

export type PeerState = 'available' | 'suspect' | 'unavailable';

/** What the scheduler knows of a peer between two checks. `state` is undefined until there is a verdict. */
export interface PeerHealth {
  readonly state: PeerState | undefined;
  /** Consecutive counted failures. */
  readonly failures: number;
  /** Consecutive successes, counted up to `rise`; kept in memory only. */
  readonly successes: number;
  /** The evidence mark (see `Evidence`) at the last counted failure; 0 where there was none since start. */
  readonly countedGeneration: number;
}

/** The address fields as they stand in the registry, unread: what a write-back is guarded with. */
export interface StoredAddress {
  readonly ip: string | null;
  readonly port: string | null;
}

/** What else the registry says of a consumer, in Unix milliseconds; 0 where it does not. */
export interface PeerFacts {
  /** The last change of state. */
  readonly stateAt: number;
  /** The last answer, and how long it took in milliseconds. */
  readonly okAt: number;
  readonly latencyMs: number;
  /** When it last called us. */
  readonly calledAt: number;
}

/** A consumer as the registry has it. Whether its address may be called is decided when it is called. */
export interface RegistryEntry {
  readonly uuid: string;
  readonly stored: StoredAddress;
  readonly health: PeerHealth;
  /** Unix milliseconds of the last check; 0 where there was none. */
  readonly checkedAt: number;
  /**
   * The fault that the registry already says of the entry, so that it is not reported again; undefined where there is no
   * hash to say it in.
   */
  readonly reportedFault: AddressFault | null | undefined;
  /** Where it was read from the registry. */
  readonly facts?: PeerFacts;
}

/** How many consumers are in each state; `denied` and `invalid` ones are not called and count in no other. */
export type PeerCounts = Readonly<Record<PeerState | 'pending' | 'denied' | 'invalid', number>>;

/** Classes of address that a policy may forbid; `reserved` stands for those that are never called. */
export type DeniedClass = AddressClass | 'reserved';

/** What a check of a peer came to. */
export type CheckOutcome =
  { readonly ok: true; readonly latencyMs: number } | { readonly ok: false; readonly reason: FailureReason };

/** The lanes a peer is checked in; each has its own pace and its own share of the line. */
export type Lane = 'regular' | 'suspect' | 'pending' | 'unavailable';

/** The two kinds of peer in the registry. */
export type PeerKind = 'consumer' | 'producer';
