import { map, type Observable } from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import { InterruptibleSleep } from '../state/interruptibleSleep.js';
import { draw } from '../streams/operators/draw.js';
import { pull } from '../streams/operators/pull.js';
import { call, type DeliverOptions } from './deliver.js';

/** A dead man's switch: its receiver raises an alert if no ping arrives for some time. */
export class Ping {
  readonly #sleeper = new InterruptibleSleep();

  constructor(
    private readonly url: string,
    private readonly target: string,
  ) {}

  /** Requests one ping. */
  trigger(): void {
    this.#sleeper.wake();
  }

  /**
   * Sends each requested ping while subscribed. A failed ping is not repeated, because the next one comes in a
   * minute.
   */
  calls(options: DeliverOptions): Observable<SchedulerEvent> {
    const { url, target } = this;
    return draw(
      (signal) => this.#triggers(signal),
      (next$) =>
        pull(
          next$,
          () =>
            call({ url, headers: {} }, options).pipe(
              map((reply): SchedulerEvent =>
                reply.ok
                  ? { kind: 'notification.sent', at: options.wall(), target }
                  : { kind: 'notification.failed', at: options.wall(), target, reason: reply.reason },
              ),
            ),
          1,
        ),
    );
  }

  async *#triggers(signal: AbortSignal): AsyncGenerator<'well'> {
    while (!signal.aborted) {
      await this.#sleeper.sleep(undefined, signal);
      yield 'well';
    }
  }
}
