import { SCOPES, familyOf, saysOfLine, type Family, type Scope } from '../domain/ip/scope.js';

/** How many peers that answered last are remembered in each scope: whom to ask first. */
const RECENT = 8;

/** The isolation of a scope, as it was reported last. */
interface Isolation {
  peers: number;
  /** Whether the report of its beginning stands. */
  reported: boolean;
}

/** How many peers the scope of an isolation has now, where that begins or ends it. */
export interface IsolationChange {
  readonly scope: Scope;
  readonly peers: number;
  readonly isolated: boolean;
}

interface ScopeEvidence {
  generation: number;
  /** Set from the silence of all witnesses that were asked until one answers. */
  isolation: Isolation | undefined;
  /** The peers that answered last, newest first. */
  recent: readonly string[];
}

/**
 * "Is it me?" What we know of our own line, in each scope for itself. A failure speaks against a peer only where a
 * witness (another peer, the public-IP poll) of the same scope answered since that peer's last counted failure. The
 * generation grows with each answer, so that this is one comparison of integers and needs no clock.
 */
export class OnlineEvidence {
  readonly #scopes = new Map<Scope, ScopeEvidence>(
    SCOPES.map((scope) => [scope, { generation: 0, isolation: undefined, recent: [] }]),
  );

  /** Grows with each answer in the scope; 0 until the first. */
  generation(scope: Scope): number {
    return this.#of(scope).generation;
  }

  /** Whether any witness of this family has answered since the start. */
  hasAnswered(family: Family): boolean {
    return SCOPES.some((scope) => familyOf(scope) === family && this.generation(scope) > 0);
  }

  /** The peers of the scope that answered last, newest first. */
  recent(scope: Scope): readonly string[] {
    return this.#of(scope).recent;
  }

  /** A witness answered; `uuid` where it was a peer. Returns true where that ends an isolation of the scope. */
  recordAnswer(scope: Scope, uuid?: string): boolean {
    const evidence = this.#of(scope);
    evidence.generation += 1;
    if (uuid !== undefined && evidence.recent[0] !== uuid) {
      evidence.recent = [uuid, ...evidence.recent.filter((one) => one !== uuid)].slice(0, RECENT);
    }
    return endIsolation(evidence);
  }

  /** The scope can't be reached from this host at all, which is no isolation. Returns true where that ends one. */
  clearIsolation(scope: Scope): boolean {
    return endIsolation(this.#of(scope));
  }

  /** All witnesses that were asked stayed silent. Returns true where that begins an isolation of the scope. */
  recordSilence(scope: Scope, peers: number): boolean {
    const evidence = this.#of(scope);
    const began = evidence.isolation === undefined;
    evidence.isolation ??= { peers, reported: true };
    return began;
  }

  /**
   * Compares the isolated scopes with how many peers they have now: an isolation that says something of our line ends
   * where it does so no longer, and begins again where it does so again; where no peer is left, it is over for good.
   */
  recount(peersIn: (scope: Scope) => number): readonly IsolationChange[] {
    const changes: IsolationChange[] = [];
    for (const [scope, evidence] of this.#scopes) {
      const { isolation } = evidence;
      if (isolation === undefined) continue;
      const peers = peersIn(scope);
      const [before, now] = [saysOfLine(isolation.peers), saysOfLine(peers)];
      isolation.peers = peers;
      if (peers === 0) evidence.isolation = undefined;
      if (now && !before) changes.push({ scope, peers, isolated: true });
      else if (isolation.reported && (peers === 0 || (before && !now))) changes.push({ scope, peers, isolated: false });
      else continue;
      isolation.reported = now;
    }
    return changes;
  }

  #of(scope: Scope): ScopeEvidence {
    const evidence = this.#scopes.get(scope);
    if (evidence === undefined) throw new Error(`no such scope: ${scope}`);
    return evidence;
  }
}

/** Returns whether its end is news. */
function endIsolation(evidence: ScopeEvidence): boolean {
  const ended = evidence.isolation?.reported === true;
  evidence.isolation = undefined;
  return ended;
}
