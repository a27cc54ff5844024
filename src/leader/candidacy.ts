import { readToken, type Holder, type ProcessIdentity } from '../domain/leader.js';
import { nameOf } from '../domain/text/printable.js';
import type { Leadership } from '../state/leadership.js';
import { isGone } from './processIdentity.js';
import type { Beat, RedisLease } from './redisLease.js';

/** Another scheduler with another UUID works on this registry. This is a configuration error, not a standby. */
export class ForeignHolderError extends Error {}

/** Another scheduler works on this registry, and `replicas.onForeign` says `refuse`. */
export class RefusedError extends Error {}

export interface CandidacyOptions {
  readonly lease: Pick<RedisLease, 'beat' | 'current' | 'holder' | 'release'>;
  readonly leadership: Leadership;
  readonly leaseMs: number;
  /** Identifies our own token. */
  readonly instance: string;
  readonly uuid: string;
  readonly onForeign: 'standby' | 'refuse';
  /** Whether this process shares the registry with replicas. A holder that does so too is then not foreign. */
  readonly shares: boolean;
  /** Whether this process may take the lease now. */
  readonly mayTake: () => boolean;
  readonly identity: ProcessIdentity | undefined;
  readonly steady: () => number;
  readonly explain: (error: unknown) => string;
}

/** The state of this process after a beat. */
export type LeaseState =
  | { readonly kind: 'leads'; readonly term: number | undefined; readonly afterMs: number | undefined }
  | { readonly kind: 'unwritten'; readonly reason: string }
  | { readonly kind: 'standby'; readonly holder: Holder; readonly lost: boolean }
  /** The holder is not known yet, or the lease is free but this process may not take it. */
  | { readonly kind: 'unknown'; readonly vacant: boolean };

/** A lease may last longer by this time without a renewal, because the clock of the server was adjusted. */
const CLOCK_STEP_MS = 150;
/** The largest relative difference in speed between our clock and the clock of the server. */
const CLOCK_DRIFT = 0.01;
/** The fraction of the lease that is not used by our own clock, because the two clocks may run at different speeds. */
const CLOCK_MARGIN = 0.1;
/**
 * Errors of a Redis that is up but refuses to write the lease: a missing permission, no memory, or a key of another
 * type.
 */
const WRITE_REFUSED = /\b(OOM|READONLY|MISCONF|NOPERM|NOREPLICAS|WRONGTYPE)\b|can't access|No permissions|can't run/i;

/** An observation of the lease of another process. */
interface ObservedLease {
  readonly token: string;
  readonly at: number;
  /** The latest end of the lease without a renewal, by our own clock. */
  readonly endsBy: number;
}

/** Acquires the lease of the registry, and keeps it by regular beats. */
export class Candidacy {
  /**
   * Set once another holder was seen. From then on a missing lease is left free for a while, so that its holder can
   * take it again.
   */
  #sawOtherHolder = false;
  #missingSince: number | undefined;
  #otherLease: ObservedLease | undefined;
  /** When the holder was last seen to renew its lease, by our own clock. */
  #renewedAt: number | undefined;
  #holder: Holder | undefined;

  constructor(private readonly options: CandidacyOptions) {}

  /**
   * Tries the lease once. Rejects with `ForeignHolderError` or `RefusedError` if this process must not work on this
   * registry.
   */
  async beat(): Promise<LeaseState> {
    const askedAt = this.options.steady();
    try {
      return await this.#conclude(await this.#ask(), askedAt);
    } catch (error) {
      if (error instanceof ForeignHolderError || error instanceof RefusedError) throw error;
      // A holder that lost Redis too could not take its lease again, so the wait for it starts again.
      this.#missingSince = undefined;
      return await this.#withoutLease(error);
    }
  }

  #ask(gone?: string): Promise<Beat> {
    const { lease, leadership, mayTake } = this.options;
    const takeMissing = !this.#sawOtherHolder || leadership.leads || this.#hasWaited();
    return lease.beat({ mayTake: mayTake(), takeMissing, gone, lastTerm: leadership.lastTerm });
  }

  /** Whether the lease has been missing for so long that a living holder would have taken it again. */
  #hasWaited(): boolean {
    const { leaseMs, steady } = this.options;
    return this.#missingSince !== undefined && steady() - this.#missingSince >= leaseMs / 2;
  }

  async #conclude(beat: Beat, askedAt: number): Promise<LeaseState> {
    const { leadership, leaseMs, steady, lease, identity } = this.options;
    switch (beat.kind) {
      case 'held': {
        const afterMs = beat.taken && this.#renewedAt !== undefined ? steady() - this.#renewedAt : undefined;
        leadership.hold(beat.token, askedAt + leaseMs * (1 - CLOCK_MARGIN));
        this.#missingSince = this.#otherLease = this.#renewedAt = this.#holder = undefined;
        this.#sawOtherHolder = false;
        return { kind: 'leads', term: leadership.term, afterMs };
      }
      case 'missing':
        this.#missingSince ??= askedAt;
        this.#noteLoss(askedAt);
        if (this.#hasWaited() && !this.options.mayTake()) {
          leadership.lose();
          return { kind: 'unknown', vacant: true };
        }
        return this.#standby(leadership.leads);
      case 'other': {
        this.#missingSince = undefined;
        leadership.observe(beat.token);
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
   * Handles a lease that vanished before its end, probably because Redis has lost its data. If that happened twice, the
   * holder may have taken one more term in between, which is written nowhere. A term that is left out for nothing does
   * no harm.
   */
  #noteLoss(askedAt: number): void {
    const { leadership } = this.options;
    const { token, endsBy } = this.#otherLease ?? { token: '', endsBy: -Infinity };
    if (askedAt < endsBy && readToken(token)?.term === leadership.lastTerm) leadership.skipTerm();
  }

  /**
   * Detects a renewal: another holder, or a lease that lasts longer than its last known end. The length of that lease
   * and the time between its renewals may differ from ours.
   */
  #watch({ token, leftMs }: Extract<Beat, { kind: 'other' }>, holder: Holder, askedAt: number): void {
    const { uuid, onForeign, steady } = this.options;
    const before = this.#otherLease?.token === token ? this.#otherLease : undefined;
    const now = steady();
    const renewed = before !== undefined && askedAt + leftMs > before.endsBy + tolerance(askedAt - before.at);
    // The earliest end is kept, so that small gains between slow observations add up.
    if (before === undefined || renewed || now + leftMs < before.endsBy) {
      this.#otherLease = { token, at: now, endsBy: now + leftMs };
    }
    this.#holder = holder;
    if (renewed || before === undefined) this.#renewedAt = askedAt;
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

  #standby(lost: boolean): LeaseState {
    this.#sawOtherHolder = true;
    this.options.leadership.lose();
    const holder = this.#holder;
    if (holder === undefined) return { kind: 'unknown', vacant: false };
    return { kind: 'standby', holder, lost };
  }

  #unchanged(): LeaseState {
    return { kind: 'leads', term: this.options.leadership.term, afterMs: undefined };
  }

  /**
   * Handles a failed beat. If Redis refused the write and no other process holds a valid lease, the checks must
   * continue.
   */
  async #withoutLease(error: unknown): Promise<LeaseState> {
    const { lease, leadership, explain } = this.options;
    const isRefusal = error instanceof Error && WRITE_REFUSED.test(error.message);
    const token = isRefusal ? await lease.current().catch(() => undefined) : undefined;
    // Redis may hold our own token if it refused or lost a later step of a beat.
    if (token !== undefined && readToken(token)?.instance !== this.options.instance) {
      leadership.observe(token);
      this.#holder = await lease.holder(token).catch(() => unknownHolder(token));
      return this.#standby(leadership.leads);
    }
    if (leadership.token !== undefined) return this.#unchanged();
    if (!isRefusal && !leadership.leads) return { kind: 'unknown', vacant: false };
    if (isRefusal) leadership.workWithoutLease();
    return { kind: 'unwritten', reason: explain(error) };
  }

  /** Releases the lease, so that the next holder need not wait for its expiry. Never rejects. */
  async release(): Promise<void> {
    const { lease, leadership } = this.options;
    const { token } = leadership;
    if (token !== undefined) await lease.release(token).catch(() => undefined);
    leadership.lose();
  }
}

/** How much longer a lease may last after this time without a renewal. */
function tolerance(elapsedMs: number): number {
  return CLOCK_STEP_MS + CLOCK_DRIFT * elapsedMs;
}

function unknownHolder(token: string): Holder {
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
