import type { Audience, Outbox } from '../domain/announce/outbox.js';

export interface LooksOptions {
  readonly outbox: Pick<Outbox, 'announced' | 'look'>;
  readonly audience: Audience;
  readonly steady: () => number;
}

/** How many producers a look has enqueued, and for which IP. */
export interface Found {
  readonly ip: string;
  readonly newcomers: number;
  readonly refreshed: number;
}

/** From one look to the next; sooner where announcements are repeated sooner. */
const EVERY_MS = 60_000;
const NOBODY = { newcomers: 0, refreshed: 0 };

/** Looks over all producers for those that are due, a page at a time; none where the settings want none. */
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

  /** How long until there is a page to take; infinite where there is none. */
  get waitMs(): number {
    return Math.max(this.#dueAt - this.options.steady(), 0);
  }

  /**
   * Takes the next page for our IP, or for the stored one where ours is not known; what the look has found once that was the
   * last one. A look that fails begins anew later.
   */
  async take(own: string | undefined): Promise<Found | undefined> {
    const { outbox, audience } = this.options;
    const page = this.#page;
    this.#page = undefined;
    let ip = own;
    try {
      ip ??= await outbox.announced();
      if (ip === undefined) return undefined;
      const { next, newcomers, refreshed } = await outbox.look(ip, audience, page);
      this.#page = next;
      this.#found = { newcomers: this.#found.newcomers + newcomers, refreshed: this.#found.refreshed + refreshed };
    } finally {
      if (this.#page === undefined) this.#dueAt = this.options.steady() + this.#everyMs;
    }
    if (this.#page !== undefined) return undefined;
    const found = { ip, ...this.#found };
    this.#found = NOBODY;
    return found;
  }
}
