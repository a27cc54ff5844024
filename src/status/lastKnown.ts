import type { SchedulerEvent } from '../events.js';
import type { Sink } from '../sinks/sink.js';
import type { RegistryView } from './registryView.js';

/** Time between two reads without a request: long, so that a registry of any size costs little. */
const EVERY_MS = 5 * 60_000;

/** Reads the registry when Redis comes and every few minutes, so that there is a picture of it during an outage. */
export class LastKnown implements Sink {
  readonly hasUnwritten = false;
  /** The time of the last read by a steady clock; undefined while Redis is away. */
  #readAt: number | undefined;

  constructor(
    private readonly registry: Pick<RegistryView, 'read'>,
    private readonly steady: () => number,
  ) {}

  accept({ kind }: SchedulerEvent): void {
    if (kind === 'redis.down') this.#readAt = undefined;
    const isDue = this.#readAt !== undefined && this.steady() - this.#readAt >= EVERY_MS;
    if (kind !== 'redis.up' && !(kind === 'heartbeat' && isDue)) return;
    this.#readAt = this.steady();
    void this.registry.read();
  }

  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }
}
