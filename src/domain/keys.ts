/** The Redis keys under a prefix. The program uses no other keys. */
export interface Keys {
  readonly consumers: string;
  readonly producers: string;
  readonly scheduler: string;
  readonly announcements: string;
  readonly events: string;
  readonly ipChanges: string;
  readonly series: string;
  readonly leader: string;
  readonly replicas: string;
  /** Prefix of all keys of the share engine. */
  readonly engine: string;
  readonly replicaPrefix: string;
  readonly historyPrefix: string;
  readonly consumerPrefix: string;
  readonly producerPrefix: string;
  readonly consumer: (uuid: string) => string;
  readonly producer: (uuid: string) => string;
  readonly history: (uuid: string) => string;
  readonly replica: (instance: string) => string;
  /** The entry that was registered from an address. The API owns it. */
  readonly source: (address: string) => string;
}

export function keysUnder(prefix: string): Keys {
  return {
    consumers: `${prefix}consumers`,
    producers: `${prefix}producers`,
    scheduler: `${prefix}scheduler`,
    announcements: `${prefix}announcements`,
    events: `${prefix}events`,
    ipChanges: `${prefix}ip-changes`,
    series: `${prefix}series`,
    leader: `${prefix}leader`,
    replicas: `${prefix}replicas`,
    engine: `${prefix}engine`,
    replicaPrefix: `${prefix}replica:`,
    historyPrefix: `${prefix}history:`,
    consumerPrefix: `${prefix}consumer:`,
    producerPrefix: `${prefix}producer:`,
    consumer: (uuid) => `${prefix}consumer:${uuid}`,
    producer: (uuid) => `${prefix}producer:${uuid}`,
    history: (uuid) => `${prefix}history:${uuid}`,
    replica: (instance) => `${prefix}replica:${instance}`,
    source: (address) => `${prefix}source:${address}`,
  };
}
