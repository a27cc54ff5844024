import { countOf } from '../clients/replies.js';
import type { FailureReason } from '../domain/call/reasons.js';
import type { PeerKind, PeerState } from '../domain/peer/peer.js';

/** The address in an entry, as stored; undefined where missing. */
interface Address {
  readonly uuid: string;
  readonly ip: string | undefined;
  readonly port: number | undefined;
}

/** A consumer in the registry. Times are Unix milliseconds. Values that are not known yet are undefined. */
export interface ConsumerEntry extends Address {
  /** The time of its last call. */
  readonly lastSeen: number | undefined;
  /** From here on the scheduler owns the fields: all are undefined for a peer that it has not called yet. */
  readonly available: boolean | undefined;
  readonly state: PeerState | undefined;
  readonly stateSince: number | undefined;
  readonly checkedAt: number | undefined;
  readonly lastOkAt: number | undefined;
  readonly latencyMs: number | undefined;
  /** Counted failures in a row. */
  readonly failures: number | undefined;
  /** Why the last check failed. */
  readonly error: FailureReason | undefined;
  /** The last results, newest last: `.` answered, `x` counted failure, `-` not held against the peer. */
  readonly recent: string | undefined;
  /** The replica that did the last check, if several schedulers share the registry. */
  readonly checkedBy: string | undefined;
}

/** A producer in the registry. */
export interface ProducerEntry extends Address {
  /** The last IP of this node that it acknowledged. The scheduler owns this and the following fields. */
  readonly notifiedIp: string | undefined;
  readonly notifiedAt: number | undefined;
  /** Calls made for the current address. */
  readonly attempts: number | undefined;
  /** Why the last attempt failed. */
  readonly error: FailureReason | undefined;
}

/** The entry type of each kind of peer. */
export interface Entries {
  readonly consumer: ConsumerEntry;
  readonly producer: ProducerEntry;
}

type Field = (name: string) => string | undefined;

const OF_CONSUMERS = [
  'last_seen',
  'available',
  'state',
  'state_since',
  'checked_at',
  'last_ok_at',
  'latency_ms',
  'failures',
  'error',
  'recent',
  'checked_by',
];

/** The fields that are read for each kind. */
export const FIELDS: Readonly<Record<PeerKind, readonly string[]>> = {
  consumer: ['ip', 'port', ...OF_CONSUMERS],
  producer: ['ip', 'port', 'notified_ip', 'notified_at', 'attempts', 'error'],
};

/** Builds an entry from the values of its fields, in their order. */
export function toEntry<K extends PeerKind>(kind: K, uuid: string, values: readonly (string | null)[]): Entries[K] {
  const fields = FIELDS[kind];
  const field: Field = (name) => values[fields.indexOf(name)] ?? undefined;
  return (kind === 'consumer' ? consumer(uuid, field) : producer(uuid, field)) as Entries[K];
}

function consumer(uuid: string, field: Field): ConsumerEntry {
  const available = field('available');
  return {
    ...address(uuid, field),
    lastSeen: countOf(field('last_seen')),
    available: available === undefined ? undefined : available === '1',
    state: field('state') as PeerState | undefined,
    stateSince: countOf(field('state_since')),
    checkedAt: countOf(field('checked_at')),
    lastOkAt: countOf(field('last_ok_at')),
    latencyMs: countOf(field('latency_ms')),
    failures: countOf(field('failures')),
    error: field('error') as FailureReason | undefined,
    recent: field('recent'),
    checkedBy: field('checked_by'),
  };
}

function producer(uuid: string, field: Field): ProducerEntry {
  return {
    ...address(uuid, field),
    notifiedIp: field('notified_ip'),
    notifiedAt: countOf(field('notified_at')),
    attempts: countOf(field('attempts')),
    error: field('error') as FailureReason | undefined,
  };
}

function address(uuid: string, field: Field): Address {
  return { uuid, ip: field('ip'), port: countOf(field('port')) };
}
