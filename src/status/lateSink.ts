import type { SchedulerEvent } from '../events.js';
import type { Sink } from '../sinks/sink.js';

/** More events than can occur while a module is loaded. */
const MAX_KEPT = 20_000;

/** Replaces a sink that is still being loaded. Events in the meantime are passed on once it is loaded. */
export class LateSink implements Sink {
  #inner: Sink | undefined;
  #waiting: SchedulerEvent[] | undefined;

  /** From now on events are kept for the sink. */
  expect(): void {
    if (this.#inner === undefined) this.#waiting ??= [];
  }

  attach(sink: Sink): void {
    this.#inner = sink;
    for (const event of this.#waiting ?? []) sink.accept(event);
    this.#waiting = undefined;
  }

  accept(event: SchedulerEvent): void {
    if (this.#inner !== undefined) this.#inner.accept(event);
    else if (this.#waiting !== undefined && this.#waiting.length < MAX_KEPT) this.#waiting.push(event);
  }

  get hasUnwritten(): boolean {
    return this.#inner?.hasUnwritten ?? false;
  }

  flush(): Promise<readonly SchedulerEvent[]> {
    return this.#inner?.flush() ?? Promise.resolve([]);
  }
}
