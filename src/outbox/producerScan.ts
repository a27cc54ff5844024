import type { Outbox, ReannounceRules } from '../domain/announce/outbox.js';

export interface ProducerScanOptions {
  readonly outbox: Pick<Outbox, 'scan'>;
  readonly reannounce: ReannounceRules;
  readonly steady: () => number;
}

/** The number of producers that a scan has enqueued. */
export interface Found {
  readonly newcomers: number;
  readonly refreshed: number;
}

/** Time between two scans. It is shorter if `announce.refresh` is shorter. */
const SCAN_INTERVAL_MS = 60_000;
const NONE_FOUND: Found = { newcomers: 0, refreshed: 0 };

/**
 * Scans all producers, one page at a time, for those that need an announcement. Does nothing if the settings enable
 * neither newcomers nor refresh.
 */
export class ProducerScan {
  readonly #intervalMs: number;
  #dueAt: number;
  #page: string | undefined;
  #found = NONE_FOUND;

  constructor(private readonly options: ProducerScanOptions) {
    const { newcomers, refreshMs } = options.reannounce;
    this.#intervalMs = Math.min(SCAN_INTERVAL_MS, refreshMs ?? SCAN_INTERVAL_MS);
    this.#dueAt = newcomers || refreshMs !== undefined ? options.steady() : Number.POSITIVE_INFINITY;
  }

  /** Time until the next page is due; infinite if scans are disabled. */
  get waitMs(): number {
    return Math.max(this.#dueAt - this.options.steady(), 0);
  }

  /** Scans the next page. Returns the totals after the last page of a scan. A scan that fails starts again later. */
  async take(ip: string): Promise<Found | undefined> {
    const { outbox, reannounce } = this.options;
    const page = this.#page;
    this.#page = undefined;
    try {
      const { next, newcomers, refreshed } = await outbox.scan(ip, reannounce, page);
      this.#page = next;
      this.#found = { newcomers: this.#found.newcomers + newcomers, refreshed: this.#found.refreshed + refreshed };
    } finally {
      if (this.#page === undefined) this.#dueAt = this.options.steady() + this.#intervalMs;
    }
    if (this.#page !== undefined) return undefined;
    const found = this.#found;
    this.#found = NONE_FOUND;
    return found;
  }
}
