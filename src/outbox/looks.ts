import type { Audience, Outbox } from '../domain/announce/outbox.js';

export interface LooksOptions {
  readonly outbox: Pick<Outbox, 'look'>;
  readonly audience: Audience;
  readonly steady: () => number;
}

/** The number of producers that a scan has enqueued. */
export interface Found {
  readonly newcomers: number;
  readonly refreshed: number;
}

/** Time between two scans. It is shorter if `announce.refresh` is shorter. */
const EVERY_MS = 60_000;
const NOBODY: Found = { newcomers: 0, refreshed: 0 };

/**
 * Scans all producers, one page at a time, for those that need an announcement. Does nothing if the settings enable
 * neither newcomers nor refresh.
 */
export class Looks {
  readonly #everyMs: number;
  #dueAt: number;
  #page: string | undefined;
  #found = NOBODY;

  constructor(private readonly options: LooksOptions) {
    const { newcomers, refreshMs } = options.audience;
    this.#everyMs = Math.min(EVERY_MS, refreshMs ?? EVERY_MS);
    this.#dueAt = newcomers || refreshMs !== undefined ? options.steady() : Number.POSITIVE_INFINITY;
  }

  /** Time until the next page is due; infinite if scans are disabled. */
  get waitMs(): number {
    return Math.max(this.#dueAt - this.options.steady(), 0);
  }

  /** Scans the next page. Returns the totals after the last page of a scan. A scan that fails starts again later. */
  async take(ip: string): Promise<Found | undefined> {
    const { outbox, audience } = this.options;
    const page = this.#page;
    this.#page = undefined;
    try {
      const { next, newcomers, refreshed } = await outbox.look(ip, audience, page);
      this.#page = next;
      this.#found = { newcomers: this.#found.newcomers + newcomers, refreshed: this.#found.refreshed + refreshed };
    } finally {
      if (this.#page === undefined) this.#dueAt = this.options.steady() + this.#everyMs;
    }
    if (this.#page !== undefined) return undefined;
    const found = this.#found;
    this.#found = NOBODY;
    return found;
  }
}
