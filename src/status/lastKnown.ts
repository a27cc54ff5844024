import type { SchedulerEvent } from '../events.js';
import type { Sink } from '../sinks/sink.js';
import type { RegistryView } from './registryView.js';

/** So seldom that a registry of any size costs little, whether or not somebody asks. */
const EVERY_MS = 5 * 60_000;

/** Has the registry read once Redis is there, and now and then from then on, so that there is a picture when Redis goes. */
export class LastKnown implements Sink {
  readonly waits = false;
  /** When it was read last, by a steady clock; undefined while Redis is away. */
  #readAt: number | undefined;

  constructor(
    private readonly registry: Pick<RegistryView, 'look'>,
    private readonly steady: () => number,
  ) {}

  accept({ kind }: SchedulerEvent): void {
    if (kind === 'redis.down') this.#readAt = undefined;
    const isDue = this.#readAt !== undefined && this.steady() - this.#readAt >= EVERY_MS;
    if (kind !== 'redis.up' && !(kind === 'heartbeat' && isDue)) return;
    this.#readAt = this.steady();
    void this.registry.look();
  }

  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }
}
