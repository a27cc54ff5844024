import type { Logger } from 'winston';
import type { SchedulerEvent } from '../../events.js';
import type { Sink } from '../sink.js';
import { describe } from './describe.js';

/** Writes one line per event; of a standing condition only the changes, so that nothing is repeated for hours. */
export class LogSink implements Sink {
  readonly #conditions = new Map<string, string>();

  constructor(private readonly logger: Logger) {}

  accept(event: SchedulerEvent): void {
    const { level, message, topic, condition } = describe(event);
    if (event.kind === 'redis.up') this.#forgetFailures();
    // That Redis can't be used has been said; what can't be done without it need not be.
    if (event.kind === 'redis.failed' && this.#conditions.get('redis') === 'down') return;
    if (topic !== undefined && condition !== undefined) {
      if (this.#conditions.get(topic) === condition) return;
      this.#conditions.set(topic, condition);
    }
    this.logger.log({ level, message, event: event.kind, ...(this.logger.isDebugEnabled() ? { detail: event } : {}) });
  }

  /** The lines are out already. */
  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }

  /** What failed for want of Redis is worth a line again the next time. */
  #forgetFailures(): void {
    for (const [topic, condition] of this.#conditions) if (condition === 'failed') this.#conditions.delete(topic);
  }
}
