/**
 * "Is it me?" What we know of our own line: a failure speaks against a peer only where something else shows that we
 * were online. The mark grows each time that a witness (a peer that answered, a public-IP poll) is heard, so that "heard
 * since my last counted failure" is one comparison of integers and needs no clock.
 */
export class OnlineEvidence {
  #generation = 0;
  #silent: string | undefined;
  #severalSilent = false;
  #isolated = false;

  /** Grows with the evidence; 0 until the first witness is heard. */
  get generation(): number {
    return this.#generation;
  }

  /** A witness was heard. Returns true where that ends an isolation. */
  recordAnswer(): boolean {
    this.#generation += 1;
    this.#silent = undefined;
    this.#severalSilent = false;
    const ended = this.#isolated;
    this.#isolated = false;
    return ended;
  }

  /**
   * A witness was asked in vain; `counted` tells whether that was held against it. Returns true where an isolation
   * begins. One silent witness alone is no isolation: a dead peer that is asked more often than anybody else would
   * look like an outage of ours.
   */
  recordSilence(witness: string, counted: boolean): boolean {
    if (this.#silent === undefined) this.#silent = witness;
    else if (this.#silent !== witness) this.#severalSilent = true;
    if (counted || this.#isolated || !this.#severalSilent) return false;
    this.#isolated = true;
    return true;
  }
}
