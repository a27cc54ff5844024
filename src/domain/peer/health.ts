import type { CheckOutcome, Lane, PeerHealth, PeerState } from './peer.js';

/** The number of consecutive results that change the state of a peer. */
export interface HealthRules {
  /** Counted failures until `unavailable`; at least 1. */
  readonly fall: number;
  /** Successes until an unavailable peer is `available` again; at least 1. */
  readonly rise: number;
}

/** The evidence that this host is online, at the time of a judgement. */
export interface Online {
  /** `OnlineEvidence.generation`. */
  readonly generation: number;
  /** False if no other witness exists. Failures then count as they are. */
  readonly witnesses: boolean;
}

export interface Judgement {
  readonly health: PeerHealth;
  /** False for a failure that may be caused by our own line. */
  readonly counted: boolean;
}

export const UNCHECKED: PeerHealth = { state: undefined, failures: 0, successes: 0, countedGeneration: 0 };

/**
 * Computes the new health of a peer from the previous one and a check. The thresholds are the rise and fall of a
 * load balancer's health checks (HAProxy configuration manual, `rise`/`fall`). The middle state and the "is it me?"
 * rule are specific to this program.
 */
export function judge(before: PeerHealth, outcome: CheckOutcome, online: Online, rules: HealthRules): Judgement {
  if (outcome.ok) {
    const successes = Math.min(before.successes + 1, rules.rise);
    const state = before.state === 'unavailable' && successes < rules.rise ? 'unavailable' : 'available';
    // The answer itself is newer evidence than any earlier failure, so the generation is reset.
    return { health: { state, failures: 0, successes, countedGeneration: 0 }, counted: true };
  }
  const counted = isEvident(before, online);
  if (!counted) return { health: before, counted };
  const failures = before.failures + 1;
  const state = afterFailure(before.state, failures, rules.fall);
  return { health: { state, failures, successes: 0, countedGeneration: online.generation }, counted };
}

/**
 * Whether a failure counts against the peer: a witness answered since its last counted failure, or there is no
 * witness.
 */
export function isEvident(before: PeerHealth, { generation, witnesses }: Online): boolean {
  return !witnesses || generation > before.countedGeneration;
}

/** A peer that never answered has no state until `fall`. It was never available, so it cannot become a suspect. */
function afterFailure(before: PeerState | undefined, failures: number, fall: number): PeerState | undefined {
  if (before === 'unavailable' || failures >= fall) return 'unavailable';
  return before === undefined ? undefined : 'suspect';
}

/** The lane of the next check of a peer. */
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
