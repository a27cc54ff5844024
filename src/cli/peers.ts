import Table from 'cli-table3';
import type { RedisClient } from '../clients/redis.js';
import { loadConfig, type LoadOptions } from '../config/load.js';
import { readEntry } from '../domain/peer/entry.js';
import { keysUnder, type Keys } from '../domain/keys.js';
import type { PeerKind } from '../domain/peer/peer.js';
import { escaped, nameOf, quoted } from '../domain/text/printable.js';
import { CommandError, UsageError } from './commandError.js';
import { connectNow } from './connect.js';
import { print } from './print.js';

const KINDS: readonly string[] = ['consumer', 'producer'] satisfies PeerKind[];
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

interface Registry {
  readonly redis: RedisClient;
  readonly keys: Keys;
}

async function withRegistry(options: LoadOptions, use: (registry: Registry) => Promise<string>): Promise<void> {
  const { config } = await loadConfig(options);
  const connection = await connectNow(config.redis, Date.now);
  try {
    const output = await use({ redis: connection.redis, keys: keysUnder(config.redis.keyPrefix) });
    if (output !== '') await print(`${output}\n`);
  } finally {
    await connection.close();
  }
}

/** Prints the registry: one kind of peer or both, as a table or as JSON, one object a line. */
export function listPeers(options: LoadOptions, kind: string | undefined, json: boolean): Promise<void> {
  return withRegistry(options, async ({ redis, keys }) => {
    const kinds = kind === undefined ? KINDS : [kindOf(kind)];
    const rows: Record<string, string>[] = [];
    for (const one of kinds) {
      const [set, keyOf] = one === 'consumer' ? [keys.consumers, keys.consumer] : [keys.producers, keys.producer];
      for (const uuid of (await redis.smembers(set)).sort()) {
        const fields = await redis.hgetall(keyOf(uuid)).catch(() => ({ error: 'address-invalid' }));
        rows.push({ ...fields, kind: one, uuid });
      }
    }
    return json ? rows.map((row) => escaped(JSON.stringify(row))).join('\n') : peerTable(rows);
  });
}

/** Puts a peer into the registry, or gives a registered one another address. */
export function addPeer(options: LoadOptions, kind: string, uuid: string, ip: string, port?: string): Promise<void> {
  const known = kindOf(kind);
  if (!UUID.test(uuid)) throw new UsageError(`${quoted(uuid)} is not a UUID`);
  const read = readEntry({ ip, port: port ?? null }, ['public', 'private', 'loopback']);
  if (!read.ok) throw new UsageError(`${known} ${uuid} can't be called at ${read.detail}: ${read.error}`);
  return withRegistry(options, async ({ redis, keys }) => {
    const key = known === 'consumer' ? keys.consumer(uuid) : keys.producer(uuid);
    await redis.hset(key, { ip: read.address.ip });
    if (port === undefined) await redis.hdel(key, 'port');
    else await redis.hset(key, { port });
    await redis.sadd(known === 'consumer' ? keys.consumers : keys.producers, uuid);
    return `${known} ${uuid} is registered at ${read.address.ip}${port === undefined ? '' : `, port ${port}`}`;
  });
}

/** Takes a peer out of the registry, with all that is stored of it. */
export function removePeer(options: LoadOptions, kind: string, uuid: string): Promise<void> {
  const known = kindOf(kind);
  return withRegistry(options, async ({ redis, keys }) => {
    const [set, key] =
      known === 'consumer' ? [keys.consumers, keys.consumer(uuid)] : [keys.producers, keys.producer(uuid)];
    const removed = await redis.srem(set, uuid);
    await redis.del(key);
    if (removed === 0) throw new CommandError(`no ${known} ${quoted(uuid)} is registered`);
    return `${known} ${uuid} is no longer registered`;
  });
}

function kindOf(kind: string): PeerKind {
  if (!KINDS.includes(kind)) throw new UsageError(`${quoted(kind)} is no kind of peer: expected consumer or producer`);
  return kind as PeerKind;
}

function peerTable(rows: readonly Record<string, string>[]): string {
  const table = new Table({ head: ['kind', 'uuid', 'address', 'state', 'last'], style: { head: [], border: [] } });
  for (const { kind = '', uuid = '', ip, port, state, notified_ip: notified, error } of rows) {
    const address = `${ip ?? 'none'}${port === undefined ? '' : ` port ${port}`}`;
    table.push([kind, nameOf(uuid), plain(address), plain(state ?? notified ?? 'unknown'), plain(error ?? 'ok')]);
  }
  return rows.length === 0 ? 'no peers are registered' : table.toString();
}

/** What somebody else stored must not steer the terminal. */
function plain(text: string): string {
  return quoted(text).slice(1, -1);
}
