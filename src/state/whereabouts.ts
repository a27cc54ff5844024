/** What is known of where we and the leader stand, by the public IPs; undefined where one is not known. */
export interface Addresses {
  readonly own: string | undefined;
  /** The node's, as it was announced. */
  readonly stored: string | undefined;
  /** What the leader has found for itself. */
  readonly leader: string | undefined;
}

/**
 * Whether this replica is elsewhere: its own public IP has not been the node's for longer than its patience, while another
 * leads whose own IP is. Peers would take the address of its calls for the node's.
 */
export class Whereabouts {
  #differsSince: number | undefined;
  #elsewhere = false;

  constructor(
    private readonly steady: () => number,
    private readonly patienceMs: () => number,
  ) {}

  get elsewhere(): boolean {
    return this.#elsewhere;
  }

  /** Compares. Returns whether it changed where we are. */
  look({ own, stored, leader }: Addresses, leads: boolean): boolean {
    const differs = !leads && own !== undefined && stored !== undefined && leader === stored && own !== stored;
    const now = this.steady();
    this.#differsSince = differs ? (this.#differsSince ?? now) : undefined;
    const elsewhere = this.#differsSince !== undefined && now - this.#differsSince > this.patienceMs();
    const changed = elsewhere !== this.#elsewhere;
    this.#elsewhere = elsewhere;
    return changed;
  }
}
