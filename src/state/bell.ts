import { filter, Subject, type Observable } from 'rxjs';
import type { Lane } from '../domain/peer/peer.js';

/** A signal from state to the ticks of a lane: there are peers that should not wait for the next tick. */
export class Bell {
  readonly #rung = new Subject<Lane>();

  /** Fires each time that the bell is rung for this lane. */
  rung$(lane: Lane): Observable<Lane> {
    return this.#rung.pipe(filter((one) => one === lane));
  }

  ring(lane: Lane): void {
    this.#rung.next(lane);
  }
}
