import { SCOPES, familyOf, type Family, type Scope } from '../domain/ip/scope.js';

/** How many peers that answered last are remembered in each scope: whom to ask first. */
const RECENT = 8;

interface ScopeEvidence {
  generation: number;
  isolated: boolean;
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
    SCOPES.map((scope) => [scope, { generation: 0, isolated: false, recent: [] }]),
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
    const ended = evidence.isolated;
    evidence.isolated = false;
    return ended;
  }

  /** The scope can't be reached from this host at all, which is no isolation. Returns true where that ends one. */
  clearIsolation(scope: Scope): boolean {
    const evidence = this.#of(scope);
    const ended = evidence.isolated;
    evidence.isolated = false;
    return ended;
  }

  /** All witnesses that were asked stayed silent. Returns true where that begins an isolation of the scope. */
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
