import { isDeepStrictEqual } from 'node:util';
import { distinctUntilChanged, map, merge, switchMap, type Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import type { Origin } from '../domain/notify/message.js';
import type { Lane } from '../domain/peer/peer.js';
import type { SchedulerEvent } from '../events.js';
import type { Sink } from '../sinks/sink.js';
import type { DeliverOptions } from './deliver.js';
import { isWebhook, labelOf, type Entry } from './entry.js';
import { eventMessage } from './eventMessages.js';
import { Ping } from './ping.js';
import { PingSchedule } from './pingSchedule.js';
import { Webhook } from './webhook.js';
import { ActiveConditions } from './activeConditions.js';

export interface NotifierOptions extends DeliverOptions {
  readonly origin: Origin;
  readonly laneOf: (uuid: string) => Lane | undefined;
}

/**
 * Notifies webhooks of events, and pings dead man's switches while all is well. As a sink it only records. The calls
 * run beside the pipeline, in `run`, from bounded queues.
 */
export class Notifier implements Sink {
  readonly hasUnwritten = false;
  readonly #active: ActiveConditions;
  readonly #pingSchedule: PingSchedule;
  #webhooks: ReadonlyMap<string, Webhook> = new Map();
  #pings: readonly Ping[] = [];

  constructor(private readonly options: NotifierOptions) {
    this.#active = new ActiveConditions(options.laneOf);
    this.#pingSchedule = new PingSchedule(this.#active);
  }

  accept(event: SchedulerEvent): void {
    if (event.kind === 'peer.checked' && event.check.state === event.check.before) return;
    const message = eventMessage(event, this.#active.standsBy);
    const now = this.options.steady();
    for (const webhook of this.#webhooks.values()) webhook.beforeChange(event);
    this.#active.accept(event);
    for (const webhook of this.#webhooks.values()) webhook.accept(event, message, now);
    this.#pingSchedule.accept(event);
    if (this.#pingSchedule.take(now)) for (const ping of this.#pings) ping.trigger();
  }

  /** A flush does not wait for webhooks: they may be slow, and Redis is not involved. */
  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }

  /** Makes the calls while subscribed. A change of `notify` takes effect at once. */
  run(config$: Observable<Pick<Config, 'notify'>>): Observable<SchedulerEvent> {
    const { origin } = this.options;
    return config$.pipe(
      map(({ notify }) => notify),
      distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
      switchMap((entries) => {
        this.#settle(entries);
        return merge(
          ...[...this.#webhooks.values()].map((webhook) => webhook.deliveries(origin, this.options)),
          ...this.#pings.map((ping) => ping.calls(this.options)),
        );
      }),
    );
  }

  /** A receiver with an unchanged URL keeps its state and its waiting messages. */
  #settle(entries: readonly Entry[]): void {
    const webhooks = new Map<string, Webhook>();
    const pings: Ping[] = [];
    entries.forEach((entry, index) => {
      const target = labelOf(entry, index);
      if (!isWebhook(entry)) {
        pings.push(new Ping(entry.ping, target));
        return;
      }
      let key = entry.webhook;
      while (webhooks.has(key)) key += ' again';
      const known = this.#webhooks.get(key);
      known?.update(entry, target);
      webhooks.set(key, known ?? new Webhook(entry, target, this.#active, this.options.laneOf));
    });
    this.#webhooks = webhooks;
    this.#pings = pings;
  }
}
