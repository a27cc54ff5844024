import { concat, defer, of, tap, type Observable } from 'rxjs';
import type { HookRequest } from '../clients/webhook.js';
import type { Message, Origin } from '../domain/notify/message.js';
import { payloadOf } from '../domain/notify/template.js';
import type { Lane } from '../domain/peer/peer.js';
import type { SchedulerEvent } from '../events.js';
import { draw } from '../streams/operators/draw.js';
import { pull } from '../streams/operators/pull.js';
import { ConditionTeller } from './conditionTeller.js';
import { deliver, type DeliverOptions } from './deliver.js';
import type { WebhookEntry } from './entry.js';
import { Mailbox, type Letter } from './mailbox.js';
import { PeerTeller } from './peerTeller.js';
import { OF_THE_WORK, type Standing } from './standing.js';

/** A webhook with what it has been told, and what waits for it; a reload of its settings changes neither. */
export class Receiver {
  readonly #mailbox = new Mailbox();
  readonly #conditions = new ConditionTeller();
  readonly #peers: PeerTeller;

  constructor(
    private entry: WebhookEntry,
    private target: string,
    private readonly standing: Standing,
    laneOf: (uuid: string) => Lane | undefined,
  ) {
    this.#peers = new PeerTeller(laneOf);
  }

  become(entry: WebhookEntry, target: string): void {
    this.entry = entry;
    this.target = target;
    if (!entry.events.includes('peer-down')) this.#peers.forget();
  }

  /** Before `Standing` takes the event. */
  foresee(event: SchedulerEvent): void {
    const isWanted = this.entry.events.includes('peer-down');
    if (event.kind === 'peer.checked' && isWanted) this.#peers.accept(event, this.standing.down);
  }

  /** After `Standing` has taken the event; `happened` is what is told of it by itself. */
  accept(event: SchedulerEvent, happened: Message | undefined, steadyMs: number): void {
    const { entry, standing } = this;
    const { events } = entry;
    if (event.kind === 'leader.standing-by' || event.kind === 'leader.lost') {
      this.#conditions.forget(OF_THE_WORK);
      this.#peers.forget();
    }
    if (!('at' in event)) return;
    const messages = [
      ...this.#conditions.tell(standing, events, event.at),
      ...(event.kind === 'heartbeat' && !standing.standsBy && events.includes('peer-down')
        ? this.#peers.tell(standing.down, entry.peerDownAfterMs, event.at)
        : []),
      ...(happened !== undefined && events.some((one) => one === happened.event) ? [happened] : []),
    ];
    for (const message of messages) this.#mailbox.push(message, steadyMs);
  }

  /** Takes what waits to the receiver, one message after the other, for as long as it is subscribed to. */
  deliveries(origin: Origin, options: DeliverOptions): Observable<SchedulerEvent> {
    return draw(
      (signal) => this.#mailbox.letters(signal),
      (next$) => pull(next$, (letter) => this.#deliver(letter, origin, options), 1),
    );
  }

  #deliver(letter: Letter, origin: Origin, options: DeliverOptions): Observable<SchedulerEvent> {
    const { target } = this;
    const lost$ = defer(() => {
      const count = this.#mailbox.takeLost();
      const lost: SchedulerEvent = { kind: 'notification.lost', at: options.wall(), target, count, why: 'crowded' };
      return count === 0 ? of() : of(lost);
    });
    const delivered$ = deliver(letter, requestOf(this.entry, letter.message, origin), target, options).pipe(
      tap({
        complete: () => {
          this.#mailbox.takeOut(letter);
        },
      }),
    );
    return concat(lost$, delivered$);
  }
}

/** What a webhook is sent of a message. */
export function requestOf({ webhook, template, headers }: WebhookEntry, message: Message, origin: Origin): HookRequest {
  return { ...payloadOf(template, webhook, message, origin), headers };
}
