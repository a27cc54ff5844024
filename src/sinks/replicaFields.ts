import type { SchedulerEvent } from '../events.js';
import type { Sink } from './sink.js';
import { StateFields, type Fields } from './stateFields.js';

/** The state that a replica publishes to the others. It is collected here and sent with each beat. */
export class ReplicaFields implements Sink {
  readonly #fields = new StateFields();
  #known: Fields;
  readonly hasUnwritten = false;
  /** The public IP that this replica has found itself, or undefined before that. */
  ip: string | undefined;

  constructor(
    identity: Fields,
    private readonly peers: () => number,
  ) {
    this.#known = { ...identity, isolated: 0 };
  }

  accept(event: SchedulerEvent): void {
    if (event.kind === 'ip.confirmed') this.ip = event.ip;
    const fields = event.kind === 'heartbeat' ? { heartbeat_at: event.at } : this.#fields.of(event);
    if (Object.keys(fields).length > 0) this.#known = { ...this.#known, ...fields };
  }

  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }

  /** All known fields, with the IP if there is one. */
  now(): Fields {
    return { ...this.#known, peers: this.peers(), ...(this.ip === undefined ? {} : { ip: this.ip }) };
  }
}
