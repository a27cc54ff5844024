import type { RedisClient } from '../../clients/redis.js';
import { ifOfAnotherType } from '../../clients/replies.js';
import { isNoScriptAllowed } from '../../clients/script.js';
import type { PeerKind } from '../../domain/peer/peer.js';
import type { Registry } from '../registry.js';
import { placesOf } from './kinds.js';

/** The fields of an entry, with its `kind` and `uuid` where they are known. */
export type PeerRow = Readonly<Record<string, string>>;

export interface Found {
  /** Undefined for a key of another type. */
  readonly fields: PeerRow | undefined;
  /** Whether the outbox has an announcement for it. */
  readonly owing: boolean;
}

/**
 * KEYS the outbox, then the entries. ARGV the number of fields that are asked for, 0 for all, their names, and the UUIDs
 * where the outbox is to be looked at. One script for a page costs less than a command for each. The texts are UTF-8, since
 * they are shown: `runScript` reads latin1, for what has to be found again byte for byte.
 */
const LUA = `
local count, found = tonumber(ARGV[1]), {}
for k = 2, #KEYS do
  local fields
  if count == 0 then fields = redis.pcall('HGETALL', KEYS[k])
  else fields = redis.pcall('HMGET', KEYS[k], unpack(ARGV, 2, count + 1)) end
  if fields.err then
    if not string.find(fields.err, 'WRONGTYPE', 1, true) then return fields end
    fields = false
  end
  local uuid = ARGV[count + k]
  found[k - 1] = {fields, uuid and redis.call('ZSCORE', KEYS[1], uuid) or false}
end
return found
`;

type Reply = readonly (readonly [readonly (string | null)[] | null, string | null])[];

/** What the registry has of these peers, in their order: these fields, or all. */
export async function readPage(
  { redis, keys }: Registry,
  kind: PeerKind,
  uuids: readonly string[],
  names: readonly string[] = [],
): Promise<readonly Found[]> {
  const { keyOf } = placesOf({ keys }, kind);
  const entries = uuids.map(keyOf);
  const args = [names.length, ...names, ...(kind === 'producer' ? uuids : [])];
  const asked = redis.eval(LUA, entries.length + 1, keys.announcements, ...entries, ...args) as Promise<Reply>;
  const reply = await asked.catch((error: unknown) => {
    if (!isNoScriptAllowed(error)) throw error;
    const owing = (uuid: string) => (kind === 'producer' ? redis.zscore(keys.announcements, uuid) : null);
    return Promise.all(uuids.map((uuid) => Promise.all([readOne(redis, keyOf(uuid), names), owing(uuid)])));
  });
  return reply.map(([values, due]) => ({
    fields: values === null ? undefined : toFields(values, names),
    owing: due !== null,
  }));
}

/** As the script reads them, for a user who may run none. */
function readOne(
  redis: RedisClient,
  key: string,
  names: readonly string[],
): Promise<readonly (string | null)[] | null> {
  const values =
    names.length === 0
      ? redis.hgetall(key).then((fields) => Object.entries(fields).flat())
      : redis.hmget(key, ...names);
  return values.catch(ifOfAnotherType(null));
}

/** From values in the order of the names, or from names and values in turn. */
function toFields(values: readonly (string | null)[], names: readonly string[]): PeerRow {
  const fields: Record<string, string> = {};
  const step = names.length === 0 ? 2 : 1;
  for (let i = 0; i < values.length; i += step) {
    const value = values[i + step - 1];
    if (value != null) fields[(step === 2 ? values[i] : names[i]) ?? ''] = value;
  }
  return fields;
}
