import type { CheckOutcome, Lane, PeerHealth, PeerState } from './peer.js';

/** How many consecutive results it takes to change a peer's state. */
export interface HealthRules {
  /** Counted failures until `unavailable`; at least 1. */
  readonly fall: number;
  /** Successes until an unavailable peer is `available` again; at least 1. */
  readonly rise: number;
}

/** What is known of our own line at the moment of judging. */
export interface Online {
  /** `OnlineEvidence.generation`. */
  readonly generation: number;
  /** False where nobody but this peer could ever testify; then its failures count as they are. */
  readonly witnesses: boolean;
}

export interface Judgement {
  readonly health: PeerHealth;
  /** False for a failure that speaks of our own line rather than of the peer. */
  readonly counted: boolean;
}

export const UNCHECKED: PeerHealth = { state: undefined, failures: 0, successes: 0, countedGeneration: 0 };

/**
 * From what was known of a peer and what its check came to, what is known now. The thresholds are the rise and fall
 * of a load balancer's health checks (HAProxy configuration manual, `rise`/`fall`); the middle state and the "is it
 * me?" rule are this program's own.
 */
export function judge(before: PeerHealth, outcome: CheckOutcome, online: Online, rules: HealthRules): Judgement {
  if (outcome.ok) {
    const successes = Math.min(before.successes + 1, rules.rise);
    const state = before.state === 'unavailable' && successes < rules.rise ? 'unavailable' : 'available';
    // The answer itself is evidence newer than any failure before it, so the generation need not be kept.
    return { health: { state, failures: 0, successes, countedGeneration: 0 }, counted: true };
  }
  const counted = isEvident(before, online);
  if (!counted) return { health: before, counted };
  const failures = before.failures + 1;
  const state = afterFailure(before.state, failures, rules.fall);
  return { health: { state, failures, successes: 0, countedGeneration: online.generation }, counted };
}

/** Whether a failure may be held against the peer: some witness answered since the last one that was, or there is none. */
export function isEvident(before: PeerHealth, { generation, witnesses }: Online): boolean {
  return !witnesses || generation > before.countedGeneration;
}

/** A peer that never answered stays without a state until `fall`: it was never seen available, so it is no suspect. */
function afterFailure(before: PeerState | undefined, failures: number, fall: number): PeerState | undefined {
  if (before === 'unavailable' || failures >= fall) return 'unavailable';
  return before === undefined ? undefined : 'suspect';
}

/** The lane a peer is checked in next. */
export function laneOf({ state }: Pick<PeerHealth, 'state'>): Lane {
  switch (state) {
    case undefined:
      return 'pending';
    case 'available':
      return 'regular';
    case 'suspect':
    case 'unavailable':
      return state;
  }
}
