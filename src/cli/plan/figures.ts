/** A measured number and its section in docs/performance.md. A spec checks that it appears there. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly section: string;
}

const WIRE = 'Bytes on the wire';
const REST = 'At rest';

export const FIGURES = {
  /** Processor time of one check in a daemon with the default intervals, including its part of all other work. */
  checkNodeFetch: { value: 687, unit: 'µs', section: REST },
  checkNative: { value: 539, unit: 'µs', section: REST },
  /** A daemon without peers. */
  idle: { value: 0.48, unit: '%', section: REST },
  /**
   * Bytes sent and received per check, including Ethernet headers. For a silent peer only connection attempts are
   * sent.
   */
  sentAnswered: { value: 611, unit: 'bytes', section: WIRE },
  receivedAnswered: { value: 512, unit: 'bytes', section: WIRE },
  sentSilent: { value: 371, unit: 'bytes', section: WIRE },
  /** Redis commands per check, including those inside scripts, and without any check. */
  redisCommands: { value: 4.8, unit: 'commands', section: REST },
  redisIdle: { value: 4.9, unit: 'commands/s', section: REST },
  /** Redis memory of an entry of a consumer with its results, and of its history with the defaults. */
  redisEntry: { value: 596, unit: 'bytes', section: REST },
  redisHistory: { value: 1_380, unit: 'bytes', section: 'History' },
  /** Resident memory of the daemon: with few peers, per additional peer, and with 5,000 peers over node-fetch. */
  resident: { value: 89, unit: 'MiB', section: REST },
  residentPeer: { value: 7.8, unit: 'KiB', section: REST },
  residentNodeFetch: { value: 150, unit: 'MiB', section: REST },
  /** Storing a change of the IP together with the list of 100,000 producers. */
  record: { value: 453, unit: 'ms', section: 'Storing a change of the IP' },
} as const satisfies Readonly<Record<string, Figure>>;

/** The slots of a history with the default settings, for which `redisHistory` was measured. */
export const MEASURED_SLOTS = 168 + 90;
/** The number of peers for which `residentNodeFetch` was measured. More peers cause no more garbage. */
export const MEASURED_PEERS = 5_000;
/** The number of producers for which `record` was measured. */
export const MEASURED_PRODUCERS = 100_000;
