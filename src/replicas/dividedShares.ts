import { defer, merge, of, Subject, type Observable } from 'rxjs';
import type { Clock } from '../domain/clock.js';
import { shareOf, type Guard } from '../domain/share.js';
import type { ShareChange, Shares } from '../state/shares.js';
import {
  ShareCountError,
  type HeldShare,
  type Membership,
  type NodeAddress,
  type Seen,
  type ShareEngine,
} from './engine.js';

export interface DividedOptions {
  readonly engine: ShareEngine;
  readonly membership: Membership;
  readonly instance: string;
  /** Into how many shares the registry is divided, on every replica. */
  readonly count: number;
  readonly leaseMs: number;
  readonly clock: Pick<Clock, 'steady' | 'wall'>;
  /** Whether a check is under way of any such peer, or a result of one waits to be written. */
  readonly isBusyWith: (wanted: (uuid: string) => boolean) => boolean;
  /** Called where a write was refused for its token, with what was not written. */
  readonly refused: (what: string) => void;
}

/** What a beat came to. */
export interface ShareReport {
  /** How many shares are ours. */
  readonly held: number;
  readonly gained: number;
  readonly lost: number;
  /** Whether the locks have run out by our own clock, and Redis could not be asked. */
  readonly doubtful: boolean;
  /** What was seen of the others; undefined where Redis could not be asked, or we are no member. */
  readonly seen: Seen | undefined;
  /** Undefined where Redis could not be asked. */
  readonly address: NodeAddress | undefined;
}

interface Held extends HeldShare {
  readonly guard: Guard;
}

/** The share of the lease that is left out by our own clock, since the two clocks run at their own pace. */
const MARGIN = 0.1;
/** A share that is to be given up waits no longer than this for what is under way in it. */
const LONGEST_CEDING_MS = 30_000;

/**
 * The shares of the registry that this replica has: as many as are its due, by count, taken one by one from the engine
 * and kept by beats. What is more than its due is given up, once nothing of it is under way.
 */
export class DividedShares implements Shares {
  readonly divided = true;
  readonly #held = new Map<number, Held>();
  /** Shares whose lock ran out, or was lost with the data, and that nobody has taken yet: they are checked on. */
  readonly #unlocked = new Set<number>();
  /** Shares that are to be given up, and since when. */
  readonly #ceding = new Map<number, number>();
  readonly #change$ = new Subject<ShareChange>();
  readonly #refused$ = new Subject<void>();
  #gained = new Set<number>();
  #lost = new Set<number>();
  /** How many have come and gone since the last report. */
  #unpublished = { gained: 0, lost: 0 };
  #taken = 0;
  #isMember = false;
  #beating: Promise<unknown> = Promise.resolve();
  #ended = false;
  #validUntil = Infinity;
  #doubtful = false;
  /** When the last beat ended, by both clocks: the steady one stands still while the host sleeps. */
  #beatAt: { readonly steady: number; readonly wall: number };
  /** Whether a call was held back since the last beat, for that was too long ago. */
  #heldBack = false;

  constructor(private readonly options: DividedOptions) {
    this.#beatAt = this.#now();
  }

  /** What is held now, and then each change of it. */
  get change$(): Observable<ShareChange> {
    const held = defer(() =>
      of({ gained: new Set([...this.#held.keys(), ...this.#unlocked]), lost: new Set<number>() }),
    );
    return merge(held, this.#change$);
  }

  /** Fires when a write was refused for its token, so that the locks are looked at now. */
  get refused$(): Observable<void> {
    return this.#refused$;
  }

  /** Into how many shares the registry is divided. */
  get count(): number {
    return this.options.count;
  }

  /** How many of them are ours. */
  get size(): number {
    return this.#held.size + this.#unlocked.size;
  }

  get portion(): number {
    return this.size / this.options.count;
  }

  get doubtful(): boolean {
    return this.#doubtful;
  }

  /** Whether a share is to be given up as soon as nothing of it is under way. */
  get isCeding(): boolean {
    return this.#ceding.size > 0;
  }

  of(uuid: string): number {
    return shareOf(uuid, this.options.count);
  }

  holds(uuid: string): boolean {
    const share = this.of(uuid);
    return this.#held.has(share) || this.#unlocked.has(share);
  }

  mine(uuid: string): boolean {
    if (!this.holds(uuid) || this.#ceding.has(this.of(uuid))) return false;
    // A process that stood still for a lease may have lost every share meanwhile: the next beat shows it.
    if (!this.#hasSlept()) return true;
    this.#heldBack = true;
    return false;
  }

  guardOf(uuid: string): Guard | undefined {
    return this.#held.get(this.of(uuid))?.guard;
  }

  refused(what: string, guards: Iterable<Guard>): void {
    this.options.refused(what);
    const refused = new Set(guards);
    // Nothing more is written under them until the next beat tells whose they are.
    for (const { share, guard } of this.#held.values()) {
      if (!refused.has(guard)) continue;
      this.#held.delete(share);
      this.#unlocked.add(share);
    }
    this.#refused$.next();
  }

  /**
   * Tells the others that we live, keeps what is ours, gives up what is more than our due and takes what is less; all
   * of it is given up where we are not to join. Rejects with `ShareCountError` alone.
   */
  beat(own: Readonly<Record<string, string | number>>, joins: boolean): Promise<ShareReport> {
    const beat = this.#beat(own, joins);
    this.#beating = beat.catch(() => undefined);
    return beat;
  }

  async #beat(own: Readonly<Record<string, string | number>>, joins: boolean): Promise<ShareReport> {
    const { membership, engine, leaseMs, count, clock } = this.options;
    const askedAt = clock.steady();
    let seen: Seen | undefined;
    let address: NodeAddress | undefined;
    try {
      if (joins) address = seen = await membership.beat({ ...own, shares: this.size });
      else {
        if (this.#isMember) await membership.leave();
        address = await membership.look();
      }
      this.#isMember = joins;
      await this.#renew();
      const due = seen === undefined ? 0 : Math.ceil(count / seen.members.length);
      this.#cede(due);
      await this.#giveBack();
      if (joins) {
        const free = await engine.recover();
        await this.#take(Math.min(free, due - this.#held.size));
      }
      this.#validUntil = askedAt + leaseMs * (1 - MARGIN);
      this.#doubtful = false;
    } catch (error) {
      if (error instanceof ShareCountError) throw error;
      address = seen = undefined;
      this.#doubtful ||= this.size > 0 && clock.steady() > this.#validUntil;
    }
    return this.#report(seen, address);
  }

  /** Gives everything back, so that nobody has to wait for it. Never rejects. */
  async release(): Promise<void> {
    const { engine, membership } = this.options;
    // Nobody listens any more to a beat that is under way, and what that one takes would be nobody's.
    this.#ended = true;
    await this.#beating;
    const held = [...this.#held.values()];
    for (const { share } of held) this.#drop(share);
    this.#tell();
    // Out of the count first: then the remaining members may take all of it at their next beat.
    if (this.#isMember) await membership.leave().catch(() => undefined);
    await Promise.all(held.map((one) => engine.giveBack(one).catch(() => undefined)));
    await engine.close().catch(() => undefined);
  }

  /** Makes our locks last. A lock that is nobody's may become ours again; one that is another's is lost. */
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

  #cede(due: number): void {
    // Those that came last go first.
    const kept = [...this.#held.keys()].filter((share) => !this.#ceding.has(share));
    for (const share of kept.slice(due)) this.#ceding.set(share, this.options.clock.steady());
    if (due === 0) for (const share of this.#unlocked) this.#drop(share);
  }

  async #giveBack(): Promise<void> {
    const { engine, isBusyWith, clock } = this.options;
    for (const [share, since] of this.#ceding) {
      const isLate = clock.steady() - since > LONGEST_CEDING_MS;
      if (!isLate && isBusyWith((uuid) => this.of(uuid) === share)) continue;
      const held = this.#held.get(share);
      this.#drop(share);
      // From here on nothing of the share is called or written, until it is gained again.
      this.#tell();
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
      // Its peers are in the book already where only the lock was lost.
      if (!this.#unlocked.delete(share)) this.#gained.add(share);
    }
  }

  #drop(share: number): void {
    this.#held.delete(share);
    this.#unlocked.delete(share);
    this.#ceding.delete(share);
    if (!this.#gained.delete(share)) this.#lost.add(share);
  }

  #report(seen: Seen | undefined, address: NodeAddress | undefined): ShareReport {
    this.#beatAt = this.#now();
    if (this.#heldBack) {
      this.#heldBack = false;
      // Peers that were due meanwhile are looked at anew, as in a share that has just come.
      for (const share of [...this.#held.keys(), ...this.#unlocked]) {
        if (!this.#gained.has(share)) this.#lost.add(share);
        this.#gained.add(share);
      }
    }
    this.#tell();
    const { gained, lost } = this.#unpublished;
    this.#unpublished = { gained: 0, lost: 0 };
    return { held: this.size, gained, lost, doubtful: this.#doubtful, seen, address };
  }

  #tell(): void {
    if (this.#gained.size === 0 && this.#lost.size === 0) return;
    const change = { gained: this.#gained, lost: this.#lost };
    this.#unpublished = {
      gained: this.#unpublished.gained + change.gained.size,
      lost: this.#unpublished.lost + change.lost.size,
    };
    this.#gained = new Set();
    this.#lost = new Set();
    this.#change$.next(change);
  }

  #hasSlept(): boolean {
    const { steady, wall } = this.#now();
    const goneMs = Math.max(steady - this.#beatAt.steady, wall - this.#beatAt.wall);
    return goneMs > this.options.leaseMs * (1 - MARGIN);
  }

  #now(): { readonly steady: number; readonly wall: number } {
    const { clock } = this.options;
    return { steady: clock.steady(), wall: clock.wall() };
  }
}
