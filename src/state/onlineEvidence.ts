import { SCOPES, familyOf, type Family, type Scope } from '../domain/ip/scope.js';

/** How many recent responders are kept per scope. They are the first choice as witnesses. */
const RECENT = 8;

interface ScopeEvidence {
  generation: number;
  isolated: boolean;
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
    SCOPES.map((scope) => [scope, { generation: 0, isolated: false, recent: [] }]),
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
    const ended = evidence.isolated;
    evidence.isolated = false;
    return ended;
  }

  /**
   * Clears the isolation of a scope that this host cannot reach at all: that is not isolation. Returns true if it
   * was isolated.
   */
  clearIsolation(scope: Scope): boolean {
    const evidence = this.#of(scope);
    const ended = evidence.isolated;
    evidence.isolated = false;
    return ended;
  }

  /** Records that no witness answered. Returns true if the isolation of the scope begins with this. */
  recordSilence(scope: Scope): boolean {
    const evidence = this.#of(scope);
    const began = !evidence.isolated;
    evidence.isolated = true;
    return began;
  }

  #of(scope: Scope): ScopeEvidence {
    const evidence = this.#scopes.get(scope);
    if (evidence === undefined) throw new Error(`no such scope: ${scope}`);
    return evidence;
  }
}
