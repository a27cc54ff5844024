import type {
  Delivery,
  Lease,
  LeaseTerms,
  Outbox,
  ReannounceRules,
  ScanPage,
  Settled,
} from '#src/domain/announce/outbox.js';
import type { OwnIp } from '#src/domain/ip/source.js';

/** The number of producers per scan page. */
const PAGE = 2;

/** The rules of the outbox in memory, for a fixed set of producers; a failed one is due again after its delay. */
export class MemoryOutbox implements Outbox {
  ip: string | undefined;
  /** When each producer is due. */
  readonly dueAt = new Map<string, number>();
  readonly enqueued: string[] = [];
  /** The terms of each lease that was asked for. */
  readonly leases: LeaseTerms[] = [];
  /** The pages that were looked at. */
  readonly looks: string[] = [];
  /** Who has acknowledged anything. */
  readonly told = new Set<string>();
  /** So many steps from now on fail. */
  failing = 0;
  /** So many acknowledgements from now on come from an address that is no longer the producer's. */
  moving = 0;
  now: () => number = () => Date.now();

  constructor(public producers: readonly string[]) {}

  announced() {
    return this.#step(() => this.ip);
  }

  enqueue({ ip }: OwnIp) {
    return this.#step(() => {
      const previous = this.ip;
      if (previous === ip) return { changed: false, previous, producers: 0 };
      this.enqueued.push(ip);
      this.ip = ip;
      this.dueAt.clear();
      this.told.clear();
      for (const uuid of this.producers) this.dueAt.set(uuid, this.now());
      return { changed: true, previous, producers: this.producers.length };
    });
  }

  lease(expected: string | undefined, terms: LeaseTerms): Promise<Lease> {
    return this.#step((): Lease => {
      this.leases.push(terms);
      if (expected !== undefined && expected !== this.ip) return { kind: 'stale' };
      const { ip } = this;
      const [head] = [...this.dueAt].sort(([, a], [, b]) => a - b);
      if (ip === undefined || head === undefined) return { kind: 'empty' };
      const [uuid, at] = head;
      if (at > this.now()) return { kind: 'wait', forMs: at - this.now() };
      if (!this.producers.includes(uuid)) {
        this.dueAt.delete(uuid);
        return { kind: 'dropped', uuid };
      }
      this.dueAt.set(uuid, this.now() + terms.leaseMs);
      return { kind: 'due', uuid, ip, stored: { ip: '1.1.1.1', port: null }, attempts: 0, error: null };
    });
  }

  /** Takes the producers a few at a time; those that are not known to have been told are newcomers. */
  scan(ip: string, { newcomers }: ReannounceRules, page = '0') {
    return this.#step((): ScanPage => {
      this.looks.push(page);
      if (ip !== this.ip) return { next: undefined, newcomers: 0, refreshed: 0 };
      const end = Number(page) + PAGE;
      const found = newcomers
        ? this.producers.slice(Number(page), end).filter((uuid) => !this.told.has(uuid) && !this.dueAt.has(uuid))
        : [];
      for (const uuid of found) this.dueAt.set(uuid, this.now());
      return { next: end < this.producers.length ? String(end) : undefined, newcomers: found.length, refreshed: 0 };
    });
  }

  ack({ uuid, ip }: Delivery) {
    return this.#step((): Settled => {
      if (this.moving > 0) {
        this.moving -= 1;
        this.dueAt.set(uuid, this.now());
        return { pending: this.dueAt.size, outdated: 'address', again: false };
      }
      if (ip === this.ip) this.dueAt.delete(uuid);
      this.told.add(uuid);
      return this.#settled(ip);
    });
  }

  nack({ uuid, ip }: Delivery, _: unknown, retryInMs: number) {
    return this.#step(() => {
      if (ip === this.ip) this.dueAt.set(uuid, this.now() + retryInMs);
      return this.#settled(ip);
    });
  }

  #settled(ip: string): Settled {
    return { pending: this.dueAt.size, outdated: ip === this.ip ? undefined : 'ip', again: false };
  }

  #step<T>(step: () => T): Promise<T> {
    if (this.failing === 0) return Promise.resolve(step());
    this.failing -= 1;
    return Promise.reject(new Error('away'));
  }
}
