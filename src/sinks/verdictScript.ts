import { fencedScript } from '../clients/script.js';
import { lifetimeMs, type HistorySize, type Tally } from '../domain/history.js';
import type { Keys } from '../domain/keys.js';
import { RECENT_RESULTS, type UnwrittenRow } from '../state/peerBook.js';
import { KEEP_HISTORY } from './historyLua.js';

/** A row as it is written, with what its history gets; a row of which only that is new has unwritten `nothing`. */
export interface RowWrite {
  readonly row: UnwrittenRow;
  readonly tally: Tally | undefined;
}

/**
 * KEYS the set, then the entries, then the histories of those that bring a tally, then the fence's. ARGV hours, days and expiry of the
 * histories and the number of entries; then for each of these: uuid, ip and port as called, the state ('none' removes it, '' leaves it), since when,
 * the newest results, the tally ('' for none), the number of the fields that follow, and these as pairs ('' removes the
 * field). Writes nothing for an entry that was removed, re-addressed or is no hash. Returns why a history could not be
 * written, '' where there is nothing to say; verdicts never wait for that.
 */
export const WRITE = fencedScript(`${KEEP_HISTORY}
local size = {tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]}
local refusal = ''
local at, history = 5, 1 + ARGV[4]
for k = 2, history do
  local uuid, ip, port, state, since, results, tally, last = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6], at + 7 + ARGV[at + 7]
  if tally ~= '' then history = history + 1 end
  if redis.call('SISMEMBER', KEYS[1], uuid) == 1 and redis.call('TYPE', KEYS[k]).ok == 'hash' then
    local entry = redis.call('HMGET', KEYS[k], 'ip', 'port', 'state', 'recent')
    if (entry[1] or '') == ip and (entry[2] or '') == port then
      local set, removed = {}, {}
      for i = at + 8, last, 2 do
        if ARGV[i + 1] == '' then removed[#removed + 1] = ARGV[i]
        else
          set[#set + 1] = ARGV[i]
          set[#set + 1] = ARGV[i + 1]
        end
      end
      if state == 'none' then
        removed[#removed + 1] = 'state'
        removed[#removed + 1] = 'state_since'
      elseif state ~= '' and entry[3] ~= state then
        for _, value in ipairs({'state', state, 'state_since', since}) do set[#set + 1] = value end
      end
      if results ~= '' then
        set[#set + 1] = 'recent'
        set[#set + 1] = string.sub((entry[4] or '') .. results, -${String(RECENT_RESULTS)})
      end
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
  at = last + 1
end
return refusal
`);

export function toKeys(keys: Keys, writes: readonly RowWrite[]): string[] {
  const histories = writes.filter(({ tally }) => tally !== undefined);
  return [
    keys.consumers,
    ...writes.map(({ row }) => keys.consumer(row.uuid)),
    ...histories.map(({ row }) => keys.history(row.uuid)),
  ];
}

export function toArguments(size: HistorySize, writes: readonly RowWrite[]): (string | number)[] {
  return [size.hours, size.days, lifetimeMs(size), writes.length, ...writes.flatMap(ofRow)];
}

function ofRow({ row, tally }: RowWrite): (string | number)[] {
  const fields = fieldsOf(row);
  const { uuid, ip, port, stateAt, checkedAt, results } = row;
  // A registry that has lost a state which is older than this process gets it with the time of the check.
  return [
    uuid,
    ip ?? '',
    port ?? '',
    stateOf(row),
    stateAt === 0 ? checkedAt : stateAt,
    results,
    tally === undefined ? '' : toText(tally),
    fields.length,
    ...fields,
  ];
}

function toText({ began, answered, failed, withheld, codes }: Tally): string {
  return [began, answered, failed, withheld, codes].join(' ');
}

function stateOf({ unwritten, health: { state } }: UnwrittenRow): string {
  if (unwritten === 'check' || unwritten === 'nothing') return '';
  return state ?? (unwritten === 'verdict' ? 'none' : '');
}

function fieldsOf({ unwritten, health, checkedAt, okAt, latencyMs, error }: UnwrittenRow): (string | number)[] {
  if (unwritten === 'nothing') return [];
  const reason = ['error', error ?? ''];
  if (unwritten === 'fault') return ['available', 0, ...reason];
  const checked = ['checked_at', checkedAt, ...reason];
  if (unwritten === 'check') return checked;
  const available = health.state === 'available' || health.state === 'suspect' ? 1 : 0;
  const answered = okAt === 0 ? [] : ['last_ok_at', okAt, 'latency_ms', latencyMs];
  return ['available', available, 'failures', health.failures, ...answered, ...checked];
}
