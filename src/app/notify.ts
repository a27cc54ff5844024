import { hostname } from 'node:os';
import { webhookClient } from '../clients/webhook.js';
import type { Config } from '../config/config.js';
import type { Origin } from '../domain/notify/message.js';
import { Notifier } from '../notify/notifier.js';
import { version } from '../version.js';
import type { Parts } from './deps.js';

/** Adds the notifications: a sink for the events, and a stream for the calls. */
export function withNotifications(config: Config, parts: Parts): Parts {
  const { clock, random, book } = parts;
  const notifier = new Notifier({
    send: hookClient(),
    wall: clock.wall,
    steady: clock.steady,
    random,
    origin: originOf(config),
    laneOf: (uuid) => book.laneOf(uuid),
  });
  return {
    ...parts,
    sinks: [...parts.sinks, notifier],
    reports: (config$) => notifier.run(config$),
  };
}

/** The description of this node in a message. */
export function originOf({ uuid, replicas }: Config): Origin {
  return { node: uuid, host: replicas.name ?? hostname() };
}

export function hookClient() {
  return webhookClient(`consumer-scheduler/${version}`);
}
