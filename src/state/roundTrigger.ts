import { filter, Subject, type Observable } from 'rxjs';
import type { Lane } from '../domain/peer/peer.js';

/** Starts an extra round of a lane when peers appear that should not wait for the next tick. */
export class RoundTrigger {
  readonly #lanes = new Subject<Lane>();

  /** Fires for each `trigger` of this lane. */
  trigger$(lane: Lane): Observable<Lane> {
    return this.#lanes.pipe(filter((one) => one === lane));
  }

  trigger(lane: Lane): void {
    this.#lanes.next(lane);
  }
}
