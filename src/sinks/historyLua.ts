import { DAY_BYTES, HEADER_BYTES, HOUR_BYTES, VERSION } from '../domain/history.js';

/**
 * Lua: `keep(key, size, began, answered, failed, withheld, codes)` adds a tally to the history at the key, in the
 * layout of `domain/history.ts`, resized to `size` = {hours, days, expiry in milliseconds}. A value without this
 * layout is replaced. So is a history that ends two days after the tally, because a wrong clock wrote it. A key of
 * another type is left alone. If a count does not fit, all counts of its slot are halved, rounded up: the ratio
 * stays, and no failure vanishes.
 */
export const KEEP_HISTORY = `
local HEADER, HOUR, DAY = ${String(HEADER_BYTES)}, ${String(HOUR_BYTES)}, ${String(DAY_BYTES)}

local function number(text, from, to)
  local value = 0
  for i = from, to do value = value * 256 + string.byte(text, i) end
  return value
end

local function bytes(value, length)
  local out = {}
  for i = length, 1, -1 do
    out[i] = value % 256
    value = math.floor(value / 256)
  end
  return string.char(unpack(out))
end

-- The newest count slots, after empty slots were appended for the time that has passed.
local function moved(slots, length, count, passed)
  if passed == 0 and #slots == length * count then return slots end
  local empty = string.rep('\\0', length * count)
  local all = empty .. slots .. string.sub(empty, 1, length * passed)
  return string.sub(all, #all - length * count + 1)
end

-- The counts of a slot and the sum of its latency codes, halved until no count is over most.
local function fitted(answered, failed, withheld, codes, most)
  while math.max(answered, failed, withheld) > most do
    answered, failed, withheld, codes = math.ceil(answered / 2), math.ceil(failed / 2), math.ceil(withheld / 2), math.ceil(codes / 2)
  end
  local mean = 0
  if answered > 0 then mean = math.max(1, math.min(255, math.floor(codes / answered + 0.5))) end
  return answered, failed, withheld, codes, mean
end

local function keep(key, size, began, answered, failed, withheld, codes)
  local old = redis.pcall('GET', key) or ''
  if type(old) == 'table' then
    if string.find(old.err, 'WRONGTYPE', 1, true) then return end
    error(old)
  end
  local hour = math.floor(began / 60)
  local newest, hourCodes, dayCodes, hours, days = hour, 0, 0, '', ''
  local passed, daysPassed = 0, 0
  if #old >= HEADER and string.sub(old, 1, 2) == '${VERSION}' then
    local last, daysFrom = number(old, 7, 10), HEADER + HOUR * number(old, 3, 4)
    if #old == daysFrom + DAY * number(old, 5, 6) and last <= hour + 48 then
      newest = math.max(last, hour)
      passed, daysPassed = newest - last, math.floor(newest / 24) - math.floor(last / 24)
      hours, days = string.sub(old, HEADER + 1, daysFrom), string.sub(old, daysFrom + 1)
      if passed == 0 then hourCodes = number(old, 11, 12) end
      if daysPassed == 0 then dayCodes = number(old, 13, 15) end
    end
  end
  hours, days = moved(hours, HOUR, size[1], passed), moved(days, DAY, size[2], daysPassed)

  local slot = size[1] - newest + hour
  if slot >= 1 then
    local at = HOUR * (slot - 1)
    local a, f, w, code = string.byte(hours, at + 1, at + HOUR)
    local sum = hour == newest and hourCodes or a * code
    a, f, w, sum, code = fitted(a + answered, f + failed, w + withheld, sum + codes, 255)
    if hour == newest then hourCodes = sum end
    hours = string.sub(hours, 1, at) .. string.char(a, f, w, code) .. string.sub(hours, at + HOUR + 1)
  end

  local age = math.floor(newest / 24) - math.floor(hour / 24)
  slot = size[2] - age
  if slot >= 1 then
    local at = DAY * (slot - 1)
    local packed = number(days, at + 1, at + DAY)
    local a, f, w = math.floor(packed / 2 ^ 29), math.floor(packed / 2 ^ 18) % 2048, math.floor(packed / 2 ^ 7) % 2048
    local sum, code = age == 0 and dayCodes or a * (packed % 128) * 2, 0
    a, f, w, sum, code = fitted(a + answered, f + failed, w + withheld, sum + codes, 2047)
    if age == 0 then dayCodes = sum end
    packed = a * 2 ^ 29 + f * 2 ^ 18 + w * 2 ^ 7 + math.min(127, math.ceil(code / 2))
    days = string.sub(days, 1, at) .. bytes(packed, DAY) .. string.sub(days, at + DAY + 1)
  end

  -- A disabled history has no sum either.
  if size[1] == 0 then hourCodes = 0 end
  if size[2] == 0 then dayCodes = 0 end
  local header = '${VERSION}' .. bytes(size[1], 2) .. bytes(size[2], 2) .. bytes(newest, 4) .. bytes(hourCodes, 2) .. bytes(dayCodes, 3)
  redis.call('SET', key, header .. hours .. days, 'PX', size[3])
end
`;
