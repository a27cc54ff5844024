import { filter, Subject, type Observable } from 'rxjs';
import type { Lane } from '../domain/peer/peer.js';

/** Starts an extra round of a lane when peers appear that should not wait for the next tick. */
export class Bell {
  readonly #rung = new Subject<Lane>();

  /** Fires for each `trigger` of this lane. */
  rung$(lane: Lane): Observable<Lane> {
    return this.#rung.pipe(filter((one) => one === lane));
  }

  ring(lane: Lane): void {
    this.#rung.next(lane);
  }
}
