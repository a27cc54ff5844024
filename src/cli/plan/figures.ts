/** A measured number, and where in docs/performance.md it stands: a spec looks for it there. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly section: string;
}

const WIRE = 'Bytes on the wire';
const REST = 'At rest';

export const FIGURES = {
  /** Processor time of one check in a daemon with the default intervals, its share of all other work included. */
  checkNodeFetch: { value: 1_556, unit: 'µs', section: REST },
  checkNative: { value: 812, unit: 'µs', section: REST },
  /** A daemon that checks nobody. */
  idle: { value: 0.23, unit: '%', section: REST },
  /** Bytes that one check sends and receives, Ethernet headers included; a silent peer is only knocked at. */
  sentAnswered: { value: 611, unit: 'bytes', section: WIRE },
  receivedAnswered: { value: 512, unit: 'bytes', section: WIRE },
  sentSilent: { value: 371, unit: 'bytes', section: WIRE },
  /** Commands that Redis carries out for one check, those inside of scripts included, and for none. */
  redisCommands: { value: 5.8, unit: 'commands', section: REST },
  redisIdle: { value: 57, unit: 'commands/s', section: REST },
  /** Of Redis' memory: an entry of a consumer with the results of its checks, and its history with the defaults. */
  redisEntry: { value: 596, unit: 'bytes', section: REST },
  redisHistory: { value: 1_380, unit: 'bytes', section: 'History' },
  /** Resident memory of the daemon: with few peers, what each adds, and with 5,000 over node-fetch. */
  resident: { value: 80, unit: 'MiB', section: REST },
  residentPeer: { value: 5.8, unit: 'KiB', section: REST },
  residentNodeFetch: { value: 204, unit: 'MiB', section: REST },
  /** Storing a change of the IP together with the list of 100,000 producers to tell. */
  record: { value: 453, unit: 'ms', section: 'Storing a change of the IP' },
} as const satisfies Readonly<Record<string, Figure>>;

/** The slots of a history with the default settings, in which `redisHistory` was measured. */
export const MEASURED_SLOTS = 168 + 90;
/** The number of peers for which `residentNodeFetch` was measured; more leave no more garbage. */
export const MEASURED_PEERS = 5_000;
/** The number of producers for which `record` was measured. */
export const MEASURED_PRODUCERS = 100_000;
