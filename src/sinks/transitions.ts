/** The lasting conditions by topic, so that each is reported when it begins, changes and ends. */
export class Transitions {
  readonly #conditions = new Map<string, string>();

  /** Sets the condition of the topic. Returns whether it changed. */
  enter(topic: string, condition: string): boolean {
    if (this.#conditions.get(topic) === condition) return false;
    this.#conditions.set(topic, condition);
    return true;
  }

  /** Clears the condition of the topic. Returns whether there was one. */
  leave(topic: string): boolean {
    return this.#conditions.delete(topic);
  }

  isIn(topic: string): boolean {
    return this.#conditions.has(topic);
  }
}
