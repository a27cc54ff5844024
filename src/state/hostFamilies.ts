import { familyOf, isLoopback, type Family, type HostAddresses, type Scope } from '../domain/ip/scope.js';

/** Which families of address this host has had since the start, and which of them were found missing. */
export class HostFamilies {
  readonly #seen = new Set<Family>();
  readonly #missing = new Set<Family>();
  #news: Family[] = [];

  constructor(private readonly read: () => HostAddresses) {
    this.look();
  }

  /**
   * Looks at the interfaces. Has to be called every few seconds, so that an address that comes late is noticed. Returns
   * the families that were reported missing and are there now.
   */
  look(): readonly Family[] {
    this.#note();
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
    this.#note();
    return !this.#seen.has(family);
  }

  /** Calls fail since this host has no address of the family. */
  reportMissing(family: Family): void {
    if (this.#missing.has(family)) return;
    this.#missing.add(family);
    this.#news.push(family);
  }

  /** The families reported missing since this was asked last. */
  takeNews(): readonly Family[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  #note(): void {
    for (const family of this.read().beyond) this.#seen.add(family);
  }
}
