import { producerState, type ProducerState } from '../../domain/announce/producerState.js';
import type { AddressFault } from '../../domain/call/reasons.js';
import type { AddressClass } from '../../domain/ip/address.js';
import { readEntry } from '../../domain/peer/entry.js';
import type { PeerKind } from '../../domain/peer/peer.js';
import type { Registry } from '../registry.js';
import { ANY_CLASS, keysOf, members } from './kinds.js';
import { readPage, type Found, type PeerRow } from './readPage.js';

export type { PeerRow } from './readPage.js';

export const CONSUMER_STATES = ['available', 'suspect', 'unavailable', 'pending', 'denied', 'invalid'] as const;
export type ConsumerState = (typeof CONSUMER_STATES)[number];

const OF_ANOTHER_TYPE: PeerRow = { error: 'address-invalid' };
const NOTHING: Found = { fields: {}, owing: false };

/** An entry of the registry with the state of its peer. */
export interface ReadPeer {
  readonly kind: PeerKind;
  readonly uuid: string;
  readonly row: PeerRow;
  readonly state: ConsumerState | ProducerState;
}

/** The peers of a kind in pages, so that memory does not grow with the registry. Reads the given fields, or all. */
export async function* readPeers(
  registry: Registry,
  kind: PeerKind,
  fields?: readonly string[],
): AsyncGenerator<readonly ReadPeer[]> {
  const ip = kind === 'producer' ? await registry.redis.hget(registry.keys.scheduler, 'ip') : null;
  for await (const page of members(registry, keysOf(registry, kind).set)) {
    const found = await readPage(registry, kind, page, fields);
    yield page.map((uuid, i) => toPeer(registry, kind, uuid, ip, found[i] ?? NOTHING));
  }
}

/** One peer. `ip` is our own IP, which a producer may know. */
export async function readPeer(registry: Registry, kind: PeerKind, uuid: string, ip: string | null): Promise<ReadPeer> {
  const [found = NOTHING] = await readPage(registry, kind, [uuid]);
  return toPeer(registry, kind, uuid, ip, found);
}

function toPeer(
  { allow }: Registry,
  kind: PeerKind,
  uuid: string,
  ip: string | null,
  { fields = OF_ANOTHER_TYPE, owing }: Found,
): ReadPeer {
  const may = allow ?? ANY_CLASS;
  const state =
    kind === 'consumer'
      ? consumerState(fields, may)
      : producerState({ fault: faultOf(fields, may), owing, notifiedIp: fields.notified_ip }, ip);
  return { kind, uuid, row: { ...fields, kind, uuid }, state };
}

/** The state of a consumer: its verdict, `pending` without one, or why it cannot be called. */
export function consumerState(row: PeerRow, allow: readonly AddressClass[]): ConsumerState {
  const fault = faultOf(row, allow);
  if (fault !== undefined) return fault === 'address-denied' ? 'denied' : 'invalid';
  return CONSUMER_STATES.slice(0, 3).find((state) => state === row.state) ?? 'pending';
}

/** By its address, or by the error of the scheduler, whose policy may differ. */
function faultOf({ ip, port, error }: PeerRow, allow: readonly AddressClass[]): AddressFault | undefined {
  const entry = readEntry({ ip: ip ?? null, port: port ?? null }, allow);
  const fault = entry.ok ? error : entry.error;
  return fault === 'address-denied' || fault === 'address-invalid' ? fault : undefined;
}
