import type { Delivery, Lease, LeaseTerms, Outbox, Settled } from '#src/domain/announce/outbox.js';
import type { OwnIp } from '#src/domain/ip/source.js';

/** The rules of the outbox in memory, for a fixed set of producers; a failed one is due again after its delay. */
export class MemoryOutbox implements Outbox {
  ip: string | undefined;
  /** When each producer is due. */
  readonly dueAt = new Map<string, number>();
  readonly enqueued: string[] = [];
  readonly leases: number[] = [];
  /** So many steps from now on fail. */
  failing = 0;
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
      for (const uuid of this.producers) this.dueAt.set(uuid, this.now());
      return { changed: true, previous, producers: this.producers.length };
    });
  }

  lease(expected: string | undefined, { leaseMs }: LeaseTerms): Promise<Lease> {
    return this.#step((): Lease => {
      this.leases.push(leaseMs);
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
      this.dueAt.set(uuid, this.now() + leaseMs);
      return { kind: 'due', uuid, ip, stored: { ip: '1.1.1.1', port: null }, attempts: 0, error: null };
    });
  }

  ack({ uuid, ip }: Delivery) {
    return this.#step(() => {
      if (ip === this.ip) this.dueAt.delete(uuid);
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
    return { pending: this.dueAt.size, outdated: ip === this.ip ? undefined : 'ip' };
  }

  #step<T>(step: () => T): Promise<T> {
    if (this.failing === 0) return Promise.resolve(step());
    this.failing -= 1;
    return Promise.reject(new Error('away'));
  }
}
