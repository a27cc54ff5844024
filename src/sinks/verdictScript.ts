import { script } from '../clients/script.js';
import { lifetimeMs, type HistorySize, type Tally } from '../domain/history.js';
import type { Keys } from '../domain/keys.js';
import type { Guard } from '../domain/share.js';
import { RECENT_RESULTS } from '../state/peerBook.js';
import type { UnwrittenRow } from '../state/peerRow.js';
import { KEEP_HISTORY } from './historyLua.js';

/** One row to write, with the tally for its history. A row with only a tally has unwritten `nothing`. */
export interface RowWrite {
  readonly row: UnwrittenRow;
  readonly tally: Tally | undefined;
  /** The lock that guards the write. */
  readonly guard: Guard;
}

/** The fields of an entry that a write sets, in the order of its values. '' leaves a field unchanged. */
const FIELDS = ['available', 'failures', 'last_ok_at', 'latency_ms', 'checked_at'];
/** Replaces a state or an error that is to be removed. */
const NONE = 'none';

/**
 * KEYS: the set, then the entries, then the histories of those with a tally, then the locks. ARGV: hours, days and
 * expiry of the histories, the number of entries, the number of locks, the value of `checked_by` ('' for none), and the
 * length of the prefix of the key of an entry. Then one text for each entry, because each argument costs time, with
 * these parts, each followed by a |: the state ('none' removes it, '' leaves it), since when, the newest results, the
 * error (as the state), the fields above, the tally ('' for none), and the index of the lock; then the ip and the port
 * as called, with a | between. Last the token of each lock ('' for no comparison). Writes nothing for an entry that was
 * removed, has another address or is no hash, or whose lock holds another token. Returns why a history could not be
 * written, or '' (a failed history never stops a verdict), and for each lock 1 or the token that it holds instead.
 */
export const WRITE = script(`${KEEP_HISTORY}
local size = {tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]}
local refusal = ''
local history = 1 + ARGV[4]
local locks, name, prefix = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
local found, held = {}, {}
for i = 1, locks do
  local token = ARGV[#ARGV - locks + i]
  local has = token == '' or redis.call('GET', KEYS[#KEYS - locks + i])
  held[i] = token == '' or has == token
  found[i + 1] = held[i] and 1 or has or ''
end
local fields = {${FIELDS.map((name) => `'${name}'`).join(', ')}}
for k = 2, history do
  local uuid, text, parts, address = string.sub(KEYS[k], prefix + 1), ARGV[k + 6], {}, 1
  for part, next in string.gmatch(text, '([^|]*)|()') do
    parts[#parts + 1] = part
    address = next
    if #parts == 6 + #fields then break end
  end
  local state, since, results, error, tally = parts[1], parts[2], parts[3], parts[4], parts[5 + #fields]
  local lock = tonumber(parts[6 + #fields])
  if tally ~= '' then history = history + 1 end
  if held[lock] and redis.call('SISMEMBER', KEYS[1], uuid) == 1 then
    local entry = redis.pcall('HMGET', KEYS[k], 'ip', 'port', 'state', 'recent', 'error')
    local isHash = not entry.err and (entry[1] or redis.call('TYPE', KEYS[k]).ok == 'hash')
    if entry.err and not string.find(entry.err, 'WRONGTYPE', 1, true) then return entry end
    if isHash and string.sub(text, address) == (entry[1] or '') .. '|' .. (entry[2] or '') then
      local set, removed = {}, {}
      local function put(field, value)
        set[#set + 1] = field
        set[#set + 1] = value
      end
      for i, field in ipairs(fields) do
        if parts[4 + i] ~= '' then put(field, parts[4 + i]) end
      end
      if name ~= '' and parts[4 + #fields] ~= '' then put('checked_by', name) end
      if error == '${NONE}' then
        if entry[5] then removed[#removed + 1] = 'error' end
      elseif error ~= '' then put('error', error) end
      if state == '${NONE}' then
        removed[#removed + 1] = 'state'
        removed[#removed + 1] = 'state_since'
      elseif state ~= '' and entry[3] ~= state then
        put('state', state)
        put('state_since', since)
      end
      if results ~= '' then put('recent', string.sub((entry[4] or '') .. results, -${String(RECENT_RESULTS)})) end
      if #set > 0 then redis.call('HSET', KEYS[k], unpack(set)) end
      if #removed > 0 then redis.call('HDEL', KEYS[k], unpack(removed)) end
      if tally ~= '' then
        local counts = {}
        for count in string.gmatch(tally, '%d+') do counts[#counts + 1] = tonumber(count) end
        local kept, why = pcall(keep, KEYS[history], size, unpack(counts))
        if not kept then refusal = type(why) == 'table' and why.err or why end
      end
    end
  end
end
found[1] = refusal
return found
`);

/** The locks of the rows, each once. */
export function locksOf(writes: readonly RowWrite[]): readonly Guard[] {
  return [...new Set(writes.map(({ guard }) => guard))];
}

export function toKeys(keys: Keys, writes: readonly RowWrite[], locks: readonly Guard[]): string[] {
  const histories = writes.filter(({ tally }) => tally !== undefined);
  return [
    keys.consumers,
    ...writes.map(({ row }) => keys.consumer(row.uuid)),
    ...histories.map(({ row }) => keys.history(row.uuid)),
    ...locks.map(({ key }) => key),
  ];
}

export function toArguments(
  keys: Keys,
  size: HistorySize,
  writes: readonly RowWrite[],
  locks: readonly Guard[],
  checkedBy: string,
): (string | number)[] {
  return [
    ...[size.hours, size.days, lifetimeMs(size), writes.length, locks.length, checkedBy, keys.consumerPrefix.length],
    ...writes.map((write) => ofRow(write, locks)),
    ...locks.map(({ token }) => token),
  ];
}

function ofRow({ row, tally, guard }: RowWrite, locks: readonly Guard[]): string {
  const { ip, port, unwritten, error, stateAt, checkedAt, results } = row;
  // If the registry has lost a state that is older than this process, the time of the check is the best value known.
  const since = stateAt === 0 ? checkedAt : stateAt;
  const reason = unwritten === 'nothing' ? '' : (error ?? NONE);
  const counts = tally === undefined ? '' : toText(tally);
  const lock = locks.length === 1 ? 1 : locks.indexOf(guard) + 1;
  const address = `${ip ?? ''}|${port ?? ''}`;
  // All parts before the address are our own words and numbers, which never contain a |.
  return `${stateOf(row)}|${String(since)}|${results}|${reason}|${fieldsOf(row)}|${counts}|${String(lock)}|${address}`;
}

function toText({ began, answered, failed, withheld, codes }: Tally): string {
  return `${String(began)} ${String(answered)} ${String(failed)} ${String(withheld)} ${String(codes)}`;
}

function stateOf({ unwritten, health: { state } }: UnwrittenRow): string {
  if (unwritten === 'check' || unwritten === 'nothing') return '';
  return state ?? (unwritten === 'verdict' ? NONE : '');
}

/** The values of `FIELDS`. */
function fieldsOf({ unwritten, health, checkedAt, okAt, latencyMs }: UnwrittenRow): string {
  if (unwritten === 'nothing') return '||||';
  if (unwritten === 'fault') return '0||||';
  if (unwritten === 'check') return `||||${String(checkedAt)}`;
  const available = health.state === 'available' || health.state === 'suspect' ? '1' : '0';
  const answered = okAt === 0 ? '|' : `${String(okAt)}|${String(latencyMs)}`;
  return `${available}|${String(health.failures)}|${answered}|${String(checkedAt)}`;
}
