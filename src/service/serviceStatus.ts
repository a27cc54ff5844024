import { isLineEvidence } from '../domain/ip/scope.js';
import { nameOf } from '../domain/text/printable.js';
import type { SchedulerEvent } from '../events.js';
import { describe } from '../sinks/log/describe.js';

/** The state of the process in one line for `systemctl status`. */
export class ServiceStatus {
  readonly #conditions = new Map<string, string>();
  #round: string | undefined;

  get text(): string {
    const [first] = this.#conditions.values();
    return first ?? this.#round ?? 'waiting for Redis';
  }

  /** Whether the line has changed and must be sent at once. The results of a later round can wait. */
  accept(event: SchedulerEvent): boolean {
    const before = this.text;
    const isFirst = this.#round === undefined;
    this.#note(event);
    return this.text !== before && (event.kind !== 'round.finished' || isFirst);
  }

  #note(event: SchedulerEvent): void {
    const conditions = this.#conditions;
    switch (event.kind) {
      case 'redis.down':
        conditions.set('redis', `Redis can't be used: ${event.reason}`);
        return;
      case 'redis.up':
        conditions.delete('redis');
        return;
      case 'leader.standing-by':
      case 'leader.lost': {
        const { host } = event.holder;
        conditions.set(
          'leader',
          `standing by for the scheduler on ${host === undefined ? 'another host' : nameOf(host)}`,
        );
        return;
      }
      case 'leader.unwritten':
        conditions.set('leader', `the lease of the registry can't be taken: ${event.reason}`);
        return;
      case 'leader.took':
        conditions.delete('leader');
        return;
      case 'isolation.began':
        if (isLineEvidence(event.peers)) conditions.set(event.scope, `no witness answers over ${event.scope}`);
        return;
      case 'isolation.ended':
        conditions.delete(event.scope);
        return;
      case 'config.rejected':
        conditions.set('config', 'the new configuration is not valid, and ignored');
        return;
      case 'config.reloaded':
        conditions.delete('config');
        return;
      case 'round.finished':
        if (event.lane === 'regular' && !event.aborted) this.#round = describe(event)[0]?.message ?? this.#round;
        return;
      default:
    }
  }
}
