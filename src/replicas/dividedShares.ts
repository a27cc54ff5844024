import { defer, merge, of, Subject, type Observable } from 'rxjs';
import type { Clock } from '../domain/clock.js';
import { shareOf, type Guard } from '../domain/share.js';
import type { ShareChange, Shares } from '../state/shares.js';
import {
  ShareCountError,
  type HeldShare,
  type Membership,
  type MembershipView,
  type NodeAddress,
  type ShareEngine,
} from './engine.js';

export interface DividedOptions {
  readonly engine: ShareEngine;
  readonly membership: Membership;
  readonly instance: string;
  /** The number of shares of the registry, the same on every replica. */
  readonly count: number;
  readonly leaseMs: number;
  readonly clock: Pick<Clock, 'steady' | 'wall'>;
  /** Whether any matching peer has a check in flight or an unwritten result. */
  readonly isBusyWith: (wanted: (uuid: string) => boolean) => boolean;
  /** Called when a write was refused because of its token, with the kind of write. */
  readonly refused: (what: string) => void;
}

/** The result of a beat. */
export interface ShareReport {
  /** The number of shares that this replica holds. */
  readonly held: number;
  readonly gained: number;
  readonly lost: number;
  /** Whether the locks have expired by our own clock while Redis was unreachable. */
  readonly doubtful: boolean;
  /**
   * What the beat read about the other replicas; undefined if Redis was unreachable or this replica is not a member.
   */
  readonly seen: MembershipView | undefined;
  /** Undefined if Redis was unreachable. */
  readonly address: NodeAddress | undefined;
}

interface Held extends HeldShare {
  readonly guard: Guard;
}

/** The fraction of the lease that is not used by our own clock, because the two clocks may run at different speeds. */
const CLOCK_MARGIN = 0.1;
/** The longest time that a draining share waits for its work in flight. */
const MAX_DRAIN_MS = 30_000;

/**
 * The registry shares of this replica. Each replica holds an equal number, takes them from the engine one by one,
 * and keeps them by beats. Surplus shares are given back once they have no work in flight.
 */
export class DividedShares implements Shares {
  readonly divided = true;
  readonly #held = new Map<number, Held>();
  /**
   * Shares whose lock has expired or was lost with the data, and that no other replica has taken yet. Their checks
   * continue.
   */
  readonly #unlocked = new Set<number>();
  /** Shares that are about to be given back, and since when. */
  readonly #draining = new Map<number, number>();
  readonly #change$ = new Subject<ShareChange>();
  readonly #refused$ = new Subject<void>();
  #gained = new Set<number>();
  #lost = new Set<number>();
  /** The number of shares gained and lost since the last report. */
  #unreported = { gained: 0, lost: 0 };
  #taken = 0;
  #isMember = false;
  #beating: Promise<unknown> = Promise.resolve();
  #ended = false;
  #validUntil = Infinity;
  #doubtful = false;
  /** When the last beat ended, by both clocks: the steady one may stop while the host is suspended. */
  #beatAt: { readonly steady: number; readonly wall: number };
  /** Whether a call was held back since the last beat, because that beat was too long ago. */
  #callHeldBack = false;

  constructor(private readonly options: DividedOptions) {
    this.#beatAt = this.#now();
  }

  /** Emits the shares held now, then each change. */
  get change$(): Observable<ShareChange> {
    const held = defer(() =>
      of({ gained: new Set([...this.#held.keys(), ...this.#unlocked]), lost: new Set<number>() }),
    );
    return merge(held, this.#change$);
  }

  /** Fires when a write was refused because of its token, so that the locks are read at once. */
  get refused$(): Observable<void> {
    return this.#refused$;
  }

  /** The number of shares of the registry. */
  get count(): number {
    return this.options.count;
  }

  /** The number of shares that this replica holds. */
  get size(): number {
    return this.#held.size + this.#unlocked.size;
  }

  get portion(): number {
    return this.size / this.options.count;
  }

  get doubtful(): boolean {
    return this.#doubtful;
  }

  /** Whether a share is about to be given back, once it has no work in flight. */
  get isDraining(): boolean {
    return this.#draining.size > 0;
  }

  of(uuid: string): number {
    return shareOf(uuid, this.options.count);
  }

  holds(uuid: string): boolean {
    const share = this.of(uuid);
    return this.#held.has(share) || this.#unlocked.has(share);
  }

  mine(uuid: string): boolean {
    if (!this.holds(uuid) || this.#draining.has(this.of(uuid))) return false;
    // A process that stood still for a lease may have lost every share. The next beat shows it.
    if (!this.#stoodStill()) return true;
    this.#callHeldBack = true;
    return false;
  }

  guardOf(uuid: string): Guard | undefined {
    return this.#held.get(this.of(uuid))?.guard;
  }

  refused(what: string, guards: Iterable<Guard>): void {
    this.options.refused(what);
    const refused = new Set(guards);
    // Nothing more is written under these guards until the next beat reads the current holders.
    for (const { share, guard } of this.#held.values()) {
      if (!refused.has(guard)) continue;
      this.#held.delete(share);
      this.#unlocked.add(share);
    }
    this.#refused$.next();
  }

  /**
   * Renews the membership and the locks, gives surplus shares back and takes missing ones. If `joins` is false,
   * gives all shares back. Rejects only with `ShareCountError`.
   */
  beat(own: Readonly<Record<string, string | number>>, joins: boolean): Promise<ShareReport> {
    const beat = this.#beat(own, joins);
    this.#beating = beat.catch(() => undefined);
    return beat;
  }

  async #beat(own: Readonly<Record<string, string | number>>, joins: boolean): Promise<ShareReport> {
    const { membership, engine, leaseMs, count, clock } = this.options;
    const askedAt = clock.steady();
    let seen: MembershipView | undefined;
    let address: NodeAddress | undefined;
    try {
      if (joins) address = seen = await membership.beat({ ...own, shares: this.size });
      else {
        if (this.#isMember) await membership.leave();
        address = await membership.read();
      }
      this.#isMember = joins;
      await this.#renew();
      const due = seen === undefined ? 0 : Math.ceil(count / seen.members.length);
      this.#startDraining(due);
      await this.#giveBack();
      if (joins) {
        const free = await engine.recover();
        await this.#take(Math.min(free, due - this.#held.size));
      }
      this.#validUntil = askedAt + leaseMs * (1 - CLOCK_MARGIN);
      this.#doubtful = false;
    } catch (error) {
      if (error instanceof ShareCountError) throw error;
      address = seen = undefined;
      this.#doubtful ||= this.size > 0 && clock.steady() > this.#validUntil;
    }
    return this.#report(seen, address);
  }

  /** Gives all shares back, so that no replica has to wait for their expiry. Never rejects. */
  async release(): Promise<void> {
    const { engine, membership } = this.options;
    // The result of a running beat is no longer used, so a share that it takes now would have no owner.
    this.#ended = true;
    await this.#beating;
    const held = [...this.#held.values()];
    for (const { share } of held) this.#drop(share);
    this.#publish();
    // Leaving comes first: the remaining members then count without this one and may take all shares at their next
    // beat.
    if (this.#isMember) await membership.leave().catch(() => undefined);
    await Promise.all(held.map((one) => engine.giveBack(one).catch(() => undefined)));
    await engine.close().catch(() => undefined);
  }

  /** Renews the locks. A lock without a holder may be taken again later; a lock with another holder is lost. */
  async #renew(): Promise<void> {
    const { engine } = this.options;
    const gone = this.#held.size === 0 ? new Set<number>() : await engine.renew([...this.#held.values()]);
    const unsure = new Set([...gone, ...this.#unlocked]);
    const holders = await Promise.all([...unsure].map(async (share) => [share, await engine.holderOf(share)] as const));
    for (const [share, holder] of holders) {
      if (holder !== undefined) this.#drop(share);
      else {
        this.#held.delete(share);
        this.#unlocked.add(share);
      }
    }
  }

  #startDraining(due: number): void {
    // The shares that were gained last are given back first.
    const kept = [...this.#held.keys()].filter((share) => !this.#draining.has(share));
    for (const share of kept.slice(due)) this.#draining.set(share, this.options.clock.steady());
    if (due === 0) for (const share of this.#unlocked) this.#drop(share);
  }

  async #giveBack(): Promise<void> {
    const { engine, isBusyWith, clock } = this.options;
    for (const [share, since] of this.#draining) {
      const isLate = clock.steady() - since > MAX_DRAIN_MS;
      if (!isLate && isBusyWith((uuid) => this.of(uuid) === share)) continue;
      const held = this.#held.get(share);
      this.#drop(share);
      // From here on the share is neither called nor written, until it is gained again.
      this.#publish();
      if (held !== undefined) await engine.giveBack(held);
    }
  }

  async #take(most: number): Promise<void> {
    const { engine, instance } = this.options;
    for (let i = 0; i < most && !this.#ended; i += 1) {
      this.#taken += 1;
      const token = `${instance}:${String(this.#taken)}`;
      const share = await engine.take(token);
      if (share === undefined) return;
      this.#held.set(share, { share, token, guard: { key: engine.lockOf(share), token } });
      // If only the lock was lost, the peers are in the book already.
      if (!this.#unlocked.delete(share)) this.#gained.add(share);
    }
  }

  #drop(share: number): void {
    this.#held.delete(share);
    this.#unlocked.delete(share);
    this.#draining.delete(share);
    if (!this.#gained.delete(share)) this.#lost.add(share);
  }

  #report(seen: MembershipView | undefined, address: NodeAddress | undefined): ShareReport {
    this.#beatAt = this.#now();
    if (this.#callHeldBack) {
      this.#callHeldBack = false;
      // Peers that were due in the meantime are read again, as for a newly gained share.
      for (const share of [...this.#held.keys(), ...this.#unlocked]) {
        if (!this.#gained.has(share)) this.#lost.add(share);
        this.#gained.add(share);
      }
    }
    this.#publish();
    const { gained, lost } = this.#unreported;
    this.#unreported = { gained: 0, lost: 0 };
    return { held: this.size, gained, lost, doubtful: this.#doubtful, seen, address };
  }

  #publish(): void {
    if (this.#gained.size === 0 && this.#lost.size === 0) return;
    const change = { gained: this.#gained, lost: this.#lost };
    this.#unreported = {
      gained: this.#unreported.gained + change.gained.size,
      lost: this.#unreported.lost + change.lost.size,
    };
    this.#gained = new Set();
    this.#lost = new Set();
    this.#change$.next(change);
  }

  #stoodStill(): boolean {
    const { steady, wall } = this.#now();
    const goneMs = Math.max(steady - this.#beatAt.steady, wall - this.#beatAt.wall);
    return goneMs > this.options.leaseMs * (1 - CLOCK_MARGIN);
  }

  #now(): { readonly steady: number; readonly wall: number } {
    const { clock } = this.options;
    return { steady: clock.steady(), wall: clock.wall() };
  }
}
