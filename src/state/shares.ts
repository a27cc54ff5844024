import { NEVER, type Observable } from 'rxjs';
import type { Guard } from '../domain/share.js';

/** The shares that this process gained and lost. */
export interface ShareChange {
  readonly gained: ReadonlySet<number>;
  readonly lost: ReadonlySet<number>;
}

/** Which peers this process may call, and which lock guards the writes of their results. */
export interface Shares {
  /** Whether replicas divide the registry. Peers then come and go with their shares. */
  readonly divided: boolean;
  /** The part of the registry that this process holds, from 0 to 1. */
  readonly portion: number;
  /** The share that a peer belongs to. */
  of(uuid: string): number;
  /** Whether the peer may be called now. */
  mine(uuid: string): boolean;
  /** Whether a result of the peer still counts. A share that is about to be released still counts until its release. */
  holds(uuid: string): boolean;
  /** The fence of a write about the peer, or undefined if this process has no lock of its share at present. */
  guardOf(uuid: string): Guard | undefined;
  /** Records that writes under these guards were refused because of their tokens. */
  refused(what: string, guards: Iterable<Guard>): void;
  readonly change$: Observable<ShareChange>;
}

/** The fence of a write: the token of the registry lease. */
interface Fence {
  readonly token: () => string;
  readonly refused: (what: string) => void;
}

/** The default without replicas: the whole registry is one share, owned by the holder of the lease. */
export class SoleShares implements Shares {
  readonly divided = false;
  readonly portion = 1;
  readonly change$ = NEVER;
  #guard: Guard;

  constructor(
    private readonly key: string,
    private readonly fence: Fence,
  ) {
    this.#guard = { key, token: fence.token() };
  }

  of(): number {
    return 0;
  }

  mine(): boolean {
    return true;
  }

  holds(): boolean {
    return true;
  }

  guardOf(): Guard {
    const token = this.fence.token();
    // The object stays the same while the token lasts, because rows are grouped by the identity of their guard.
    if (token !== this.#guard.token) this.#guard = { key: this.key, token };
    return this.#guard;
  }

  refused(what: string): void {
    this.fence.refused(what);
  }
}
