import { concat, defer, of, tap, type Observable } from 'rxjs';
import type { HookRequest } from '../clients/webhook.js';
import type { Message, Origin } from '../domain/notify/message.js';
import { payloadOf } from '../domain/notify/template.js';
import type { Lane } from '../domain/peer/peer.js';
import type { SchedulerEvent } from '../events.js';
import { draw } from '../streams/operators/draw.js';
import { pull } from '../streams/operators/pull.js';
import { ConditionMessages } from './conditionMessages.js';
import { deliver, type DeliverOptions } from './deliver.js';
import type { WebhookEntry } from './entry.js';
import { MessageQueue, type QueuedMessage } from './messageQueue.js';
import { PeerMessages } from './peerMessages.js';
import { WORK_CONDITIONS, type ActiveConditions } from './activeConditions.js';

/** A webhook with its sent state and its waiting messages. A reload of its settings keeps both. */
export class Webhook {
  readonly #queue = new MessageQueue();
  readonly #conditions = new ConditionMessages();
  readonly #peers: PeerMessages;

  constructor(
    private entry: WebhookEntry,
    private target: string,
    private readonly active: ActiveConditions,
    laneOf: (uuid: string) => Lane | undefined,
  ) {
    this.#peers = new PeerMessages(laneOf);
  }

  update(entry: WebhookEntry, target: string): void {
    this.entry = entry;
    this.target = target;
    if (!entry.events.includes('peer-down')) this.#peers.forget();
  }

  /** Must be called before `ActiveConditions` accepts the event. */
  beforeChange(event: SchedulerEvent): void {
    const isWanted = this.entry.events.includes('peer-down');
    if (event.kind === 'peer.checked' && isWanted) this.#peers.accept(event, this.active.down);
  }

  /**
   * Must be called after `ActiveConditions` has accepted the event. `eventMessage` is the message about the event
   * itself.
   */
  accept(event: SchedulerEvent, eventMessage: Message | undefined, steadyMs: number): void {
    const { entry, active } = this;
    const { events } = entry;
    if (event.kind === 'leader.standing-by' || event.kind === 'leader.lost') {
      this.#conditions.forget(WORK_CONDITIONS);
      this.#peers.forget();
    }
    if (!('at' in event)) return;
    const messages = [
      ...this.#conditions.due(active, events, event.at),
      ...(event.kind === 'heartbeat' && !active.standsBy && events.includes('peer-down')
        ? this.#peers.due(active.down, entry.peerDownAfterMs, event.at)
        : []),
      ...(eventMessage !== undefined && events.some((one) => one === eventMessage.event) ? [eventMessage] : []),
    ];
    for (const message of messages) this.#queue.push(message, steadyMs);
  }

  /** Delivers the waiting messages one after the other while subscribed. */
  deliveries(origin: Origin, options: DeliverOptions): Observable<SchedulerEvent> {
    return draw(
      (signal) => this.#queue.pending(signal),
      (next$) => pull(next$, (queued) => this.#deliver(queued, origin, options), 1),
    );
  }

  #deliver(queued: QueuedMessage, origin: Origin, options: DeliverOptions): Observable<SchedulerEvent> {
    const { target } = this;
    const lost$ = defer(() => {
      const count = this.#queue.takeLost();
      const lost: SchedulerEvent = { kind: 'notification.lost', at: options.wall(), target, count, why: 'crowded' };
      return count === 0 ? of() : of(lost);
    });
    const delivered$ = deliver(queued, requestOf(this.entry, queued.message, origin), target, options).pipe(
      tap({
        complete: () => {
          this.#queue.remove(queued);
        },
      }),
    );
    return concat(lost$, delivered$);
  }
}

/** The request that carries a message to a webhook. */
export function requestOf({ webhook, template, headers }: WebhookEntry, message: Message, origin: Origin): HookRequest {
  return { ...payloadOf(template, webhook, message, origin), headers };
}
