/** Standing conditions by topic, so that each is reported when it begins, when it changes, and when it ends. */
export class Transitions {
  readonly #conditions = new Map<string, string>();

  /** Whether the topic was in another condition before; it is in this one from now on. */
  enter(topic: string, condition: string): boolean {
    if (this.#conditions.get(topic) === condition) return false;
    this.#conditions.set(topic, condition);
    return true;
  }

  /** Whether the topic was in any condition; it is in none from now on. */
  leave(topic: string): boolean {
    return this.#conditions.delete(topic);
  }

  isIn(topic: string): boolean {
    return this.#conditions.has(topic);
  }
}
