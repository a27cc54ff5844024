import { familyOf, isLoopback, type Family, type HostAddresses, type Scope } from '../domain/ip/scope.js';

/** The address families that this host has had since the start, and those that were reported missing. */
export class HostFamilies {
  readonly #seen = new Set<Family>();
  readonly #missing = new Set<Family>();
  #newlyMissing: Family[] = [];

  constructor(private readonly read: () => HostAddresses) {
    this.refresh();
  }

  /**
   * Reads the interfaces. The caller must call this every few seconds, to notice an address that is added later.
   * Returns the families that were reported missing and are present now.
   */
  refresh(): readonly Family[] {
    this.#readBeyond();
    const found = [...this.#missing].filter((family) => this.#seen.has(family));
    for (const family of found) this.#missing.delete(family);
    return found;
  }

  /** Whether this host can have a source address for calls to that scope now. */
  has(scope: Scope): boolean {
    const { loopback, beyond } = this.read();
    return (isLoopback(scope) ? loopback : beyond).has(familyOf(scope));
  }

  /** Whether no interface has had an address of the family since the start. */
  neverHad(family: Family): boolean {
    this.#readBeyond();
    return !this.#seen.has(family);
  }

  /** Records that calls fail because this host has no address of the family. */
  reportMissing(family: Family): void {
    if (this.#missing.has(family)) return;
    this.#missing.add(family);
    this.#newlyMissing.push(family);
  }

  /** Returns the families reported missing since the last call of this method. */
  takeNewlyMissing(): readonly Family[] {
    const missing = this.#newlyMissing;
    this.#newlyMissing = [];
    return missing;
  }

  #readBeyond(): void {
    for (const family of this.read().beyond) this.#seen.add(family);
  }
}
