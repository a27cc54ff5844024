/** The public IPs that show where this replica and the leader are; undefined if unknown. */
export interface Addresses {
  readonly own: string | undefined;
  /** The announced IP of the node. */
  readonly stored: string | undefined;
  /** The IP that the leader has found for itself. */
  readonly leader: string | undefined;
}

/**
 * Whether this replica is elsewhere: its own public IP has differed from the IP of the node for longer than the
 * tolerance, while the leader's own IP is that of the node. Peers would take the source address of its calls for the
 * address of the node.
 */
export class VantagePoint {
  #differsSince: number | undefined;
  #elsewhere = false;

  constructor(
    private readonly steady: () => number,
    private readonly toleranceMs: () => number,
  ) {}

  get elsewhere(): boolean {
    return this.#elsewhere;
  }

  /** Compares the addresses. Returns whether `elsewhere` changed. */
  update({ own, stored, leader }: Addresses, leads: boolean): boolean {
    const differs = !leads && own !== undefined && stored !== undefined && leader === stored && own !== stored;
    const now = this.steady();
    this.#differsSince = differs ? (this.#differsSince ?? now) : undefined;
    const elsewhere = this.#differsSince !== undefined && now - this.#differsSince > this.toleranceMs();
    const changed = elsewhere !== this.#elsewhere;
    this.#elsewhere = elsewhere;
    return changed;
  }
}
