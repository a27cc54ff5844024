import { SCOPES, familyOf, isLineEvidence, type Family, type Scope } from '../domain/ip/scope.js';

/** How many recent responders are kept per scope. They are the first choice as witnesses. */
const RECENT = 8;

/** The isolation of a scope, as last reported. */
interface Isolation {
  peers: number;
  /** Whether its beginning was reported and its end was not. */
  reported: boolean;
}

/** An isolation that begins or ends because the number of peers in its scope has changed. */
export interface IsolationChange {
  readonly scope: Scope;
  readonly peers: number;
  readonly isolated: boolean;
}

interface ScopeEvidence {
  generation: number;
  /** Set from the silence of all called witnesses until one answers. */
  isolation: Isolation | undefined;
  /** The peers that answered last, newest first. */
  recent: readonly string[];
}

/**
 * "Is it me?": the evidence that this host is online, separately for each scope. A failure counts against a peer
 * only if a witness (another peer, or the public-IP poll) in the same scope has answered since the last counted
 * failure of that peer. The generation grows with each answer, so this is one comparison of integers and needs no
 * clock.
 */
export class OnlineEvidence {
  readonly #scopes = new Map<Scope, ScopeEvidence>(
    SCOPES.map((scope) => [scope, { generation: 0, isolation: undefined, recent: [] }]),
  );

  /** Grows with each answer in the scope. It is 0 until the first answer. */
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

  /**
   * Records an answer from a witness; `uuid` is set if the witness is a peer. Returns true if this ends the
   * isolation of the scope.
   */
  recordAnswer(scope: Scope, uuid?: string): boolean {
    const evidence = this.#of(scope);
    evidence.generation += 1;
    if (uuid !== undefined && evidence.recent[0] !== uuid) {
      evidence.recent = [uuid, ...evidence.recent.filter((one) => one !== uuid)].slice(0, RECENT);
    }
    return endIsolation(evidence);
  }

  /**
   * Clears the isolation of a scope that this host cannot reach at all: that is not isolation. Returns true if it
   * was isolated.
   */
  clearIsolation(scope: Scope): boolean {
    return endIsolation(this.#of(scope));
  }

  /** Records that no witness answered. Returns true if the isolation of the scope begins with this. */
  recordSilence(scope: Scope, peers: number): boolean {
    const evidence = this.#of(scope);
    const began = evidence.isolation === undefined;
    evidence.isolation ??= { peers, reported: true };
    return began;
  }

  /**
   * Compares the isolated scopes with the number of peers that they have now. An isolation ends when fewer than two
   * peers are left, and begins again with the second one. With no peer left it is over for good.
   */
  recount(peersIn: (scope: Scope) => number): readonly IsolationChange[] {
    const changes: IsolationChange[] = [];
    for (const [scope, evidence] of this.#scopes) {
      const { isolation } = evidence;
      if (isolation === undefined) continue;
      const peers = peersIn(scope);
      const [before, now] = [isLineEvidence(isolation.peers), isLineEvidence(peers)];
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

/** Returns whether the end must be reported. */
function endIsolation(evidence: ScopeEvidence): boolean {
  const ended = evidence.isolation?.reported === true;
  evidence.isolation = undefined;
  return ended;
}
