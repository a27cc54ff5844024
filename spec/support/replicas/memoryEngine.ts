import { ShareCountError, type Membership, type MembershipView, type ShareEngine } from '#src/replicas/engine.js';

interface Lock {
  readonly token: string;
  endsAt: number;
}

/** Share of the lease between two looks for locks that have run out; one has to be missed in two of them. */
const LOOK_AFTER = 0.4;

/** What hands out shares, in memory and by the clock of the spec, for as many replicas as it likes. */
export class MemoryShareServer {
  readonly #locks = new Map<number, Lock>();
  #waiting = new Set<number>();
  #active = new Set<number>();
  #missed = new Set<number>();
  #lookedAt = -Infinity;
  readonly #members = new Map<string, { endsAt: number; readonly fields: Readonly<Record<string, string | number>> }>();

  constructor(
    private readonly now: () => number,
    readonly count: number,
    private readonly leaseMs: number,
  ) {}

  /** Loses all data. */
  empty(): void {
    this.#locks.clear();
    this.#members.clear();
    this.#waiting = new Set();
    this.#active = new Set();
    this.#missed = new Set();
  }

  /** The token that a lock holds now. */
  held(share: number): string | undefined {
    const lock = this.#locks.get(share);
    return lock !== undefined && this.now() < lock.endsAt ? lock.token : undefined;
  }

  /** Every step of this one rejects where `reach` does. */
  engine(reach: () => Promise<void>): ShareEngine {
    const step = <T>(work: () => T): Promise<T> => reach().then(work);
    return {
      lockOf: (share) => `lock ${String(share)}`,
      holderOf: (share) => step(() => this.held(share)),
      renew: (held) =>
        step(() => {
          const ours = held.filter(({ share, token }) => this.held(share) === token);
          for (const { share, token } of ours) this.#locks.set(share, { token, endsAt: this.now() + this.leaseMs });
          for (const { share } of ours) this.#missed.delete(share);
          return new Set(held.filter((one) => !ours.includes(one)).map(({ share }) => share));
        }),
      recover: () => step(() => this.#recover()),
      take: (token) =>
        step(() => {
          const [share] = this.#waiting;
          if (share === undefined) return undefined;
          this.#waiting.delete(share);
          this.#active.add(share);
          this.#locks.set(share, { token, endsAt: this.now() + this.leaseMs });
          return share;
        }),
      giveBack: ({ share, token }) =>
        step(() => {
          if (this.held(share) !== token) throw new Error('no lock');
          this.#locks.delete(share);
          this.#active.delete(share);
          this.#waiting.add(share);
        }),
      close: () => Promise.resolve(),
    };
  }

  membership(instance: string, count: number, reach: () => Promise<void>): Membership {
    const step = <T>(work: () => T): Promise<T> => reach().then(work);
    return {
      beat: (own) =>
        step(() => {
          for (const [one, { endsAt }] of this.#members) if (endsAt <= this.now()) this.#members.delete(one);
          if (count !== this.count) throw new ShareCountError('another number');
          this.#members.set(instance, { endsAt: this.now() + this.leaseMs, fields: own });
          return this.#seen();
        }),
      read: () => step(() => ({ storedIp: undefined, leaderIp: undefined })),
      leave: () =>
        step(() => {
          this.#members.delete(instance);
        }),
    };
  }

  #seen(): MembershipView {
    const members = [...this.#members].map(([instance]) => ({ instance, name: instance }));
    return { members, ok: 0, failed: 0, isolated: false, storedIp: undefined, leaderIp: undefined };
  }

  #recover(): number {
    if (this.now() - this.#lookedAt >= LOOK_AFTER * this.leaseMs) {
      this.#lookedAt = this.now();
      for (const share of this.#missed) {
        if (this.held(share) !== undefined) continue;
        this.#locks.delete(share);
        this.#active.delete(share);
        this.#waiting.add(share);
      }
      this.#missed = new Set(this.#active);
    }
    for (let share = 0; share < this.count; share += 1) {
      if (!this.#active.has(share)) this.#waiting.add(share);
    }
    return this.#waiting.size;
  }
}
