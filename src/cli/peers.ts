import type { LoadOptions } from '../config/load.js';
import { checkAddress, classify, type AddressClass } from '../domain/ip/address.js';
import { readEntry } from '../domain/peer/entry.js';
import type { PeerKind } from '../domain/peer/peer.js';
import { escaped, nameOf, quoted } from '../domain/text/printable.js';
import { CommandError, UsageError } from './commandError.js';
import { peerTable, type PeerRow } from './peerTable.js';
import { print } from './print.js';
import { withRegistry, type Registry } from './registry.js';

const KINDS = ['consumer', 'producer'] as const satisfies PeerKind[];
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const ANY: readonly AddressClass[] = ['public', 'private', 'loopback'];
/** Entries read at once, and members of a set looked through at once. */
const PAGE = 256;

/** Prints the registry: one kind of peer or both, as a table or as JSON, one object a line. */
export async function listPeers(options: LoadOptions, kind: string | undefined, json: boolean): Promise<void> {
  const kinds = kind === undefined ? KINDS : [kindOf(kind)];
  const rows = await withRegistry(options, async (registry) => {
    const found: PeerRow[] = [];
    for (const one of kinds) found.push(...(await entriesOf(registry, one)));
    return found;
  });
  if (json) await print(rows.map((row) => `${escaped(JSON.stringify(row))}\n`).join(''));
  else await print(`${peerTable(rows)}\n`);
}

/** Puts a peer into the registry, or gives a registered one another address. */
export async function addPeer(
  options: LoadOptions,
  kind: string,
  uuid: string,
  ip: string,
  port?: string,
): Promise<void> {
  const known = kindOf(kind);
  if (!UUID.test(uuid)) throw new UsageError(`${quoted(uuid)} is not a UUID`);
  const checked = checkAddress(ip, ANY);
  if (!checked.ok) throw new UsageError(`${known} ${uuid} can't be called at ip ${quoted(ip)}: ${checked.error}`);
  if (port === '' || (port !== undefined && !readEntry({ ip, port }, ANY).ok)) {
    throw new UsageError(`--port ${quoted(port)}: expected a whole number from 1 to 65535`);
  }
  const place = `${checked.ip}${port === undefined ? '' : `, port ${port}`}`;
  const { name, allow } = await withRegistry(options, async (registry) => {
    const { redis } = registry;
    if (known === 'consumer' && uuid.toLowerCase() === (await ourUuid(registry))) {
      throw new UsageError(`${uuid} is our own UUID: we don't call ourselves`);
    }
    const { set, keyOf } = placesOf(registry, known);
    // Of an entry that the API has in another spelling there is to be no second one.
    const spellings = await spellingsOf(registry, set, uuid);
    const entry = spellings.find((one) => one === uuid) ?? spellings[0] ?? uuid.toLowerCase();
    await redis.hset(keyOf(entry), { ip: checked.ip });
    if (port === undefined) await redis.hdel(keyOf(entry), 'port');
    else await redis.hset(keyOf(entry), { port });
    await redis.sadd(set, entry);
    return { name: entry, allow: registry.allow };
  });
  if (allow !== undefined) warnOfPolicy(checked.ip, allow);
  await print(`${known} ${name} is registered at ${place}\n`);
}

/** Takes a peer out of the registry, however its UUID is spelled there, with all that is stored of it. */
export async function removePeer(options: LoadOptions, kind: string, uuid: string): Promise<void> {
  const known = kindOf(kind);
  await withRegistry(options, async (registry) => {
    const { set, keyOf } = placesOf(registry, known);
    const spellings = await spellingsOf(registry, set, uuid);
    for (const one of new Set([uuid, ...spellings])) {
      await registry.redis.srem(set, one);
      await registry.redis.del(keyOf(one), ...(known === 'consumer' ? [registry.keys.history(one)] : []));
    }
    if (spellings.length === 0) throw new CommandError(`no ${known} ${quoted(uuid)} is registered`);
  });
  await print(`${known} ${nameOf(uuid)} is no longer registered\n`);
}

function kindOf(kind: string): PeerKind {
  const known = KINDS.find((one) => one === kind);
  if (known === undefined) {
    throw new UsageError(`${quoted(kind)} is no kind of peer: expected consumer or producer`);
  }
  return known;
}

function placesOf({ keys }: Registry, kind: PeerKind) {
  return kind === 'consumer'
    ? { set: keys.consumers, keyOf: keys.consumer }
    : { set: keys.producers, keyOf: keys.producer };
}

/** As configured, or as the scheduler on this registry says. */
async function ourUuid({ redis, keys, uuid }: Registry): Promise<string | null> {
  return uuid ?? (await redis.hget(keys.scheduler, 'uuid'));
}

/** The members of a set that are this UUID, but for the case of its letters. */
async function spellingsOf({ redis }: Registry, set: string, uuid: string): Promise<string[]> {
  const wanted = uuid.toLowerCase();
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, members] = await redis.sscan(set, cursor, 'COUNT', PAGE);
    for (const member of members) if (member.toLowerCase() === wanted) found.add(member);
    cursor = next;
  } while (cursor !== '0');
  return [...found].sort();
}

async function entriesOf(registry: Registry, kind: PeerKind): Promise<PeerRow[]> {
  const { set, keyOf } = placesOf(registry, kind);
  const uuids = (await registry.redis.smembers(set)).sort();
  const rows: PeerRow[] = [];
  for (let i = 0; i < uuids.length; i += PAGE) {
    const page = uuids.slice(i, i + PAGE).map(async (uuid): Promise<PeerRow> => {
      return { ...(await registry.redis.hgetall(keyOf(uuid)).catch(noHash)), kind, uuid };
    });
    rows.push(...(await Promise.all(page)));
  }
  return rows;
}

/** A key of another type is that entry's fault alone. */
function noHash(error: unknown): PeerRow {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return { error: 'address-invalid' };
  throw error;
}

function warnOfPolicy(ip: string, allow: readonly AddressClass[]): void {
  const address = classify(ip);
  if (!address.ok || address.class === 'forbidden' || allow.includes(address.class)) return;
  process.stderr.write(
    `warning: ${ip} is not called as long as network.allow is [${allow.join(', ')}]: add ${address.class} to it\n`,
  );
}
