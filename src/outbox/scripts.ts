import { fencedScript } from '../clients/script.js';

/** The number of IP changes that are kept. */
const CHANGES = 20;

/** Approximate number of producers per scan page. SSCAN returns a small set as a whole. */
const PAGE = 100;
/** A time that is further in the future than this was written before the clock was set back. */
const CLOCK_STEP_MS = 60_000;

/*
 * The steps of the outbox. Each is one transaction. The first KEYS of each are scheduler, announcements, producers; the
 * last key and the last argument belong to the fence.
 */

/**
 * Further KEYS: the list of changes. ARGV: ip, now, key prefix of producers, the sources that agreed. Redis serves
 * no other client during a script, so the producers are enqueued in bulk (Lua passes at most about 8,000 values at
 * once) and each key only loses the fields of the last change. A key of another type is skipped (pcall), including
 * the list of changes.
 */
export const ENQUEUE = fencedScript(`
local previous = redis.call('HGET', KEYS[1], 'ip')
if previous == ARGV[1] then return {0, previous, 0} end
local producers = redis.call('SMEMBERS', KEYS[3])
redis.call('HSET', KEYS[1], 'ip', ARGV[1], 'ip_changed_at', ARGV[2])
redis.call('DEL', KEYS[2])
redis.pcall('XADD', KEYS[4], 'MAXLEN', ${CHANGES}, '*', 'at', ARGV[2], 'ip', ARGV[1], 'previous', previous or '', 'agreed', ARGV[4])
for first = 1, #producers, 3000 do
  local pairs = {}
  for i = first, math.min(first + 2999, #producers) do
    pairs[#pairs + 1] = ARGV[2]
    pairs[#pairs + 1] = producers[i]
    redis.pcall('HDEL', ARGV[3] .. producers[i], 'attempts', 'error')
  end
  redis.call('ZADD', KEYS[2], unpack(pairs))
end
return {1, previous or '', #producers}
`);

/**
 * A producer without a hash has no field for its number of attempts. It is kept in the part of the score below one
 * millisecond, in units of 1/1024 (a double has the precision for this until the year 2248).
 */
const SCORE = `
local function dueAt(score) return math.floor(tonumber(score)) end
local function attemptsIn(score) return tonumber(score) % 1 * 1024 end
local function scoreOf(at, attempts) return tonumber(at) + math.min(attempts, 1023) / 1024 end
`;

/**
 * ARGV: now, end of the lease, horizon, prefix, expected ip or ''. A due time beyond the horizon was written before
 * the clock was set back, so it counts as due. Such a time is the last one in the set.
 */
export const LEASE = fencedScript(`${SCORE}
local ip = redis.call('HGET', KEYS[1], 'ip') or ''
if ARGV[5] ~= '' and ip ~= ARGV[5] then return {'stale'} end
local head = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if ip == '' or #head == 0 then return {'empty'} end
local uuid, score = head[1], head[2]
local wait = dueAt(score) - tonumber(ARGV[1])
if wait > 0 then
  local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
  if dueAt(last[2]) - tonumber(ARGV[1]) <= tonumber(ARGV[3]) then return {'wait', tostring(wait)} end
  uuid, score = last[1], last[2]
end
if redis.call('SISMEMBER', KEYS[3], uuid) == 0 then
  redis.call('ZREM', KEYS[2], uuid)
  return {'dropped', uuid}
end
local key = ARGV[4] .. uuid
if redis.call('TYPE', key).ok == 'hash' then
  redis.call('ZADD', KEYS[2], ARGV[2], uuid)
  local entry = redis.call('HMGET', key, 'ip', 'port', 'attempts', 'error')
  return {'due', uuid, ip, entry[1], entry[2], entry[3] or '0', entry[4]}
end
local attempts = attemptsIn(score)
redis.call('ZADD', KEYS[2], scoreOf(ARGV[2], attempts), uuid)
return {'due', uuid, ip, false, false, tostring(attempts), attempts > 0 and 'address-invalid'}
`);

/** The text form of an address with its port. */
const ADDRESS_TEXT = `
local function addressText(ip, port) return (ip or '') .. (port and ' ' .. port or '') end
`;

/**
 * The first part of ACK and NACK. Further KEYS: the producer. ARGV: uuid, ip as sent, address and port as called,
 * now. If the address is no longer that of the producer, the attempt is void and the producer is due again at once.
 */
const SETTLE = `${SCORE}
local function count()
  local counted = redis.pcall('HINCRBY', KEYS[4], 'attempts', 1)
  if type(counted) == 'table' then redis.call('HSET', KEYS[4], 'attempts', 1) end
end
local function settled(outdated, again) return {redis.call('ZCARD', KEYS[2]), outdated or '', again and 1 or 0} end
local uuid = ARGV[1]
if redis.call('SISMEMBER', KEYS[3], uuid) == 0 then
  redis.call('ZREM', KEYS[2], uuid)
  return settled('left')
end
local current = redis.call('HGET', KEYS[1], 'ip') == ARGV[2]
local hash = redis.call('TYPE', KEYS[4]).ok == 'hash'
local entry = hash and redis.call('HMGET', KEYS[4], 'ip', 'port') or {}
if (entry[1] or '') ~= ARGV[3] or (entry[2] or '') ~= ARGV[4] then
  redis.call('ZADD', KEYS[2], 'XX', ARGV[5], uuid)
  return settled('address')
end
`;

/**
 * Further ARGV: whether to store the address. An ack of an IP that is no longer current does not change the outbox,
 * and it is dropped once a newer IP was acknowledged. An address that was stored once is kept up to date.
 */
export const ACK = fencedScript(`${ADDRESS_TEXT}${SETTLE}
local enqueued, again = redis.call('ZSCORE', KEYS[2], uuid), false
if hash and (current or enqueued) then
  local notified = redis.call('HMGET', KEYS[4], 'notified_ip', 'notified_at', 'notified_to')
  local changedAt = tonumber(redis.call('HGET', KEYS[1], 'ip_changed_at')) or 0
  again = enqueued and notified[1] == ARGV[2] and (tonumber(notified[2]) or -1) >= changedAt
  redis.call('HSET', KEYS[4], 'notified_ip', ARGV[2], 'notified_at', ARGV[5])
  if ARGV[6] == '1' or notified[3] then
    redis.call('HSET', KEYS[4], 'notified_to', addressText(entry[1], entry[2]))
  end
end
if not current then return settled('ip') end
redis.call('ZREM', KEYS[2], uuid)
if hash then
  count()
  redis.call('HDEL', KEYS[4], 'error')
end
return settled(nil, again)
`);

/** Further ARGV: due time, reason. */
export const NACK = fencedScript(`${SETTLE}
if not current then return settled('ip') end
local score = redis.call('ZSCORE', KEYS[2], uuid)
if not score then return settled('acknowledged') end
local attempts = 0
if hash then
  count()
  redis.call('HSET', KEYS[4], 'error', ARGV[7])
else
  attempts = attemptsIn(score) + 1
end
redis.call('ZADD', KEYS[2], scoreOf(ARGV[6], attempts), uuid)
return settled()
`);

/**
 * ARGV: cursor, now, prefix, the known ip, whether newcomers count, the age at which an announcement is repeated or
 * ''. An entry without a hash cannot be called and is skipped until it has one. `notified_to` is written if
 * newcomers count. Where it is missing it is set to the current address, because the address of the last call is
 * unknown.
 */
export const SCAN = fencedScript(`${ADDRESS_TEXT}
if redis.call('HGET', KEYS[1], 'ip') ~= ARGV[4] then return {'0', 0, 0} end
local changedAt = tonumber(redis.call('HGET', KEYS[1], 'ip_changed_at')) or 0
local now, refresh = tonumber(ARGV[2]), tonumber(ARGV[6])
local page = redis.call('SSCAN', KEYS[3], ARGV[1], 'COUNT', ${PAGE})
local newcomers, refreshed = 0, 0
for _, uuid in ipairs(page[2]) do
  local key = ARGV[3] .. uuid
  if not redis.call('ZSCORE', KEYS[2], uuid) and redis.call('TYPE', key).ok == 'hash' then
    local entry = redis.call('HMGET', key, 'ip', 'port', 'notified_ip', 'notified_at', 'notified_to')
    local current, address = entry[3] == ARGV[4], addressText(entry[1], entry[2])
    local at = current and tonumber(entry[4]) or changedAt
    local new = ARGV[5] == '1' and not (current and (entry[5] or address) == address)
    local old = refresh and (now - at >= refresh or at - now > ${CLOCK_STEP_MS})
    if ARGV[5] == '1' and entry[5] ~= address then redis.call('HSET', key, 'notified_to', address) end
    if new or old then
      redis.call('HDEL', key, 'attempts', 'error')
      redis.call('ZADD', KEYS[2], ARGV[2], uuid)
    end
    if new then newcomers = newcomers + 1 elseif old then refreshed = refreshed + 1 end
  end
end
return {page[1], newcomers, refreshed}
`);
