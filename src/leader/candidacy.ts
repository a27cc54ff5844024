import { readToken, type Holder, type ProcessIdentity } from '../domain/leader.js';
import { nameOf } from '../domain/text/printable.js';
import type { Leadership } from '../state/leadership.js';
import { isGone } from './processIdentity.js';
import type { Beat, RedisLease } from './redisLease.js';

/** Another scheduler, of another UUID, is at work on this registry: that is a mistake, not a standby. */
export class ForeignHolderError extends Error {}

/** Another scheduler is at work on this registry, and `replicas.onForeign` says not to wait for it. */
export class RefusedError extends Error {}

export interface CandidacyOptions {
  readonly lease: Pick<RedisLease, 'beat' | 'current' | 'holder' | 'release'>;
  readonly leadership: Leadership;
  readonly leaseMs: number;
  /** By which our own token is known. */
  readonly instance: string;
  readonly uuid: string;
  readonly onForeign: 'standby' | 'refuse';
  /** Whether we share the registry: then a holder that does so as well is no stranger. */
  readonly shares: boolean;
  /** Whether the lease may be taken now. */
  readonly mayTake: () => boolean;
  readonly identity: ProcessIdentity | undefined;
  readonly steady: () => number;
  readonly explain: (error: unknown) => string;
}

/** What this process is after a beat. */
export type Standing =
  | { readonly kind: 'leads'; readonly term: number | undefined; readonly afterMs: number | undefined }
  | { readonly kind: 'unwritten'; readonly reason: string }
  | { readonly kind: 'standby'; readonly holder: Holder; readonly lost: boolean }
  /** Nobody could be asked yet; or nobody has the lease, and we may not take it. */
  | { readonly kind: 'unknown'; readonly vacant: boolean };

/** A lease that lasts so much longer than it did may owe that to the server's clock, which was set right. */
const CLOCK_STEP_MS = 150;
/** By this share of a time two clocks may differ that run at their own pace. */
const CLOCK_DRIFT = 0.01;
/** The share of the lease that is left out by our own clock, since the two clocks run at their own pace. */
const MARGIN = 0.1;
/** What Redis replies where it is there and the lease can't be written, for want of a permission or of the key itself. */
const REFUSALS = /\b(OOM|READONLY|MISCONF|NOPERM|NOREPLICAS|WRONGTYPE)\b|can't access|No permissions|can't run/i;

/** A look at the lease of another one. */
interface Look {
  readonly token: string;
  readonly at: number;
  /** When the lease runs out at the latest, if nobody renews it; by our own clock. */
  readonly endsBy: number;
}

/** Goes for the lease of the registry, beat by beat, and keeps it. */
export class Candidacy {
  /** Set once another one was seen at work: from then on a missing lease is left for it to take again, for a while. */
  #stoodBy = false;
  #missingSince: number | undefined;
  #other: Look | undefined;
  /** When the holder was last seen to renew its lease, by our own clock. */
  #signAt: number | undefined;
  #holder: Holder | undefined;

  constructor(private readonly options: CandidacyOptions) {}

  /** One look at the lease. Rejects with `ForeignHolderError` or `RefusedError` where this process has no business here. */
  async beat(): Promise<Standing> {
    const askedAt = this.options.steady();
    try {
      return await this.#conclude(await this.#ask(), askedAt);
    } catch (error) {
      if (error instanceof ForeignHolderError || error instanceof RefusedError) throw error;
      // A holder that could not be reached meanwhile could not take its lease again either: it is waited for anew.
      this.#missingSince = undefined;
      return await this.#withoutLease(error);
    }
  }

  #ask(gone?: string): Promise<Beat> {
    const { lease, leadership, mayTake } = this.options;
    const takeMissing = !this.#stoodBy || leadership.leads || this.#hasWaited();
    return lease.beat({ mayTake: mayTake(), takeMissing, gone, lastTerm: leadership.lastTerm });
  }

  /** Whether a lease was missing for so long that a living holder would have taken it again. */
  #hasWaited(): boolean {
    const { leaseMs, steady } = this.options;
    return this.#missingSince !== undefined && steady() - this.#missingSince >= leaseMs / 2;
  }

  async #conclude(beat: Beat, askedAt: number): Promise<Standing> {
    const { leadership, leaseMs, steady, lease, identity } = this.options;
    switch (beat.kind) {
      case 'held': {
        const afterMs = beat.taken && this.#signAt !== undefined ? steady() - this.#signAt : undefined;
        leadership.hold(beat.token, askedAt + leaseMs * (1 - MARGIN));
        this.#missingSince = this.#other = this.#signAt = this.#holder = undefined;
        this.#stoodBy = false;
        return { kind: 'leads', term: leadership.term, afterMs };
      }
      case 'missing':
        this.#missingSince ??= askedAt;
        if (this.#hasWaited() && !this.options.mayTake()) {
          leadership.lose();
          return { kind: 'unknown', vacant: true };
        }
        return this.#standby(leadership.leads);
      case 'other': {
        this.#missingSince = undefined;
        leadership.see(beat.token);
        const found = await lease.holder(beat.token);
        const gone = found.identity !== undefined && (await isGone(found.identity, identity));
        if (gone) {
          const again = await this.#ask(beat.token);
          if (again.kind === 'held') return this.#conclude(again, askedAt);
        }
        this.#watch(beat, found, askedAt);
        return this.#standby(leadership.leads);
      }
    }
  }

  /**
   * Notes a sign of life: a new holder, or a lease that lasts longer than it would have by itself. How long the lease of
   * another one is, and how often that renews it, is its own affair.
   */
  #watch({ token, leftMs }: Extract<Beat, { kind: 'other' }>, holder: Holder, askedAt: number): void {
    const { uuid, onForeign, steady } = this.options;
    const before = this.#other?.token === token ? this.#other : undefined;
    const now = steady();
    const renewed = before !== undefined && askedAt + leftMs > before.endsBy + grace(askedAt - before.at);
    // What it gains little by little, between looks that take long, adds up.
    if (before === undefined || renewed || now + leftMs < before.endsBy) {
      this.#other = { token, at: now, endsBy: now + leftMs };
    }
    this.#holder = holder;
    if (renewed || before === undefined) this.#signAt = askedAt;
    if (!renewed) return;
    const place = `host ${nameOf(holder.host ?? 'unknown')}, pid ${String(holder.pid ?? 'unknown')}`;
    if (holder.uuid !== undefined && holder.uuid !== uuid) {
      throw new ForeignHolderError(
        `another node works on this registry: uuid ${nameOf(holder.uuid)} on ${place}. Each node needs a registry, or a redis.keyPrefix, of its own`,
      );
    }
    if (onForeign === 'refuse' && !(this.options.shares && holder.shares)) {
      throw new RefusedError(`another scheduler of this node works on this registry, on ${place} (replicas.onForeign)`);
    }
  }

  #standby(lost: boolean): Standing {
    this.#stoodBy = true;
    this.options.leadership.lose();
    const holder = this.#holder;
    if (holder === undefined) return { kind: 'unknown', vacant: false };
    return { kind: 'standby', holder, lost };
  }

  #still(): Standing {
    return { kind: 'leads', term: this.options.leadership.term, afterMs: undefined };
  }

  /** Nothing came of the beat. Where Redis refused it and nobody else holds a lease that lasts, the checks have to go on. */
  async #withoutLease(error: unknown): Promise<Standing> {
    const { lease, leadership, explain } = this.options;
    const isRefusal = error instanceof Error && REFUSALS.test(error.message);
    const token = isRefusal ? await lease.current().catch(() => undefined) : undefined;
    // Redis may have written our token, and then have refused or lost the rest.
    if (token !== undefined && readToken(token)?.instance !== this.options.instance) {
      leadership.see(token);
      this.#holder = await lease.holder(token).catch(() => nobody(token));
      return this.#standby(leadership.leads);
    }
    if (leadership.token !== undefined) return this.#still();
    if (!isRefusal && !leadership.leads) return { kind: 'unknown', vacant: false };
    if (isRefusal) leadership.workWithout();
    return { kind: 'unwritten', reason: explain(error) };
  }

  /** Gives the lease back, so that the next one need not wait. Never rejects. */
  async release(): Promise<void> {
    const { lease, leadership } = this.options;
    const { token } = leadership;
    if (token !== undefined) await lease.release(token).catch(() => undefined);
    leadership.lose();
  }
}

/** How much longer a lease may last after such a time without having been renewed. */
function grace(elapsedMs: number): number {
  return CLOCK_STEP_MS + CLOCK_DRIFT * elapsedMs;
}

function nobody(token: string): Holder {
  return {
    token,
    instance: token.replace(/:\d+$/, ''),
    uuid: undefined,
    host: undefined,
    pid: undefined,
    since: undefined,
    shares: false,
  };
}
