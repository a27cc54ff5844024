import type { PeerKind } from '../../domain/peer/peer.js';
import type { Registry } from '../registry.js';
import { keysOf } from './kinds.js';

/** The fields of an entry, with its `kind` and `uuid` if known. */
export type PeerRow = Readonly<Record<string, string>>;

export interface Found {
  /** Undefined for a key of another type. */
  readonly fields: PeerRow | undefined;
  /** Whether the outbox has an announcement for it. */
  readonly owing: boolean;
}

/**
 * KEYS: the outbox, then the entries. ARGV: the number of wanted fields (0 for all), their names, and the UUIDs if
 * the outbox is to be read. One script per page costs less than one command per entry. Texts are UTF-8 for display;
 * `runScript` would read latin1, for bytes that must be found again.
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

/** The registry data of these peers, in order, with the given fields or all. */
export async function readPage(
  { redis, keys }: Registry,
  kind: PeerKind,
  uuids: readonly string[],
  names: readonly string[] = [],
): Promise<readonly Found[]> {
  const { keyOf } = keysOf({ keys }, kind);
  const entries = uuids.map(keyOf);
  const args = [names.length, ...names, ...(kind === 'producer' ? uuids : [])];
  const reply = (await redis.eval(LUA, entries.length + 1, keys.announcements, ...entries, ...args)) as Reply;
  return reply.map(([values, due]) => ({
    fields: values === null ? undefined : toFields(values, names),
    owing: due !== null,
  }));
}

/** Builds fields from values in the order of the names, or from alternating names and values. */
function toFields(values: readonly (string | null)[], names: readonly string[]): PeerRow {
  const fields: Record<string, string> = {};
  const step = names.length === 0 ? 2 : 1;
  for (let i = 0; i < values.length; i += step) {
    const value = values[i + step - 1];
    if (value != null) fields[(step === 2 ? values[i] : names[i]) ?? ''] = value;
  }
  return fields;
}
