import { NEVER, type Observable } from 'rxjs';
import type { Guard } from '../domain/share.js';

/** What changed hands. */
export interface ShareChange {
  readonly gained: ReadonlySet<number>;
  readonly lost: ReadonlySet<number>;
}

/** Which peers are this process's to call, and under which lock it writes what it finds of them. */
export interface Shares {
  /** Whether the registry is divided: then peers come and go with their shares. */
  readonly divided: boolean;
  /** What part of the registry is ours, from 0 to 1. */
  readonly portion: number;
  /** The share that a peer belongs to. */
  of(uuid: string): number;
  /** Whether the peer may be called now. */
  mine(uuid: string): boolean;
  /** Whether what was found of the peer still counts: a share that is to be given up is ours until then. */
  holds(uuid: string): boolean;
  /** What a write about the peer is fenced with; undefined where we have no lock of its share at present. */
  guardOf(uuid: string): Guard | undefined;
  /** What was to be written under these was refused for their tokens. */
  refused(what: string, guards: Iterable<Guard>): void;
  readonly change$: Observable<ShareChange>;
}

/** What a write is fenced with: the token of the lease of the registry. */
interface Fence {
  readonly token: () => string;
  readonly refused: (what: string) => void;
}

/** The whole registry is one share, and the holder of its lease has it. */
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
    // One object for as long as the token lasts: rows under the same guard are recognised by it.
    if (token !== this.#guard.token) this.#guard = { key: this.key, token };
    return this.#guard;
  }

  refused(what: string): void {
    this.fence.refused(what);
  }
}
