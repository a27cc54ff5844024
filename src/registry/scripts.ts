/**
 * Registers a peer, or updates the address of a registered one. KEYS: the set of the kind, the set of the source,
 * the sets of consumers and of producers, then the entry under each spelling of the UUID. ARGV: the kind, the
 * address, the port ('' keeps it, '-' removes it), the time of the call or '', the maximum per source or 0, the
 * lifetime of the set of the source in milliseconds; then the spellings, the usual one first. Returns the spelling,
 * and 1 if the peer is new; nothing if the source has too many. All steps that may fail because of the type of a key
 * come before the first write.
 */
export const REGISTER = `
local kind, ip, port, seen, most, keep = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local stored
for i = 7, #ARGV do
  if not stored and redis.call('SISMEMBER', KEYS[1], ARGV[i]) == 1 then stored = i end
end
local at = stored or 7
if not stored and most > 0 and redis.call('SCARD', KEYS[2]) >= most then
  for _, member in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    local of, uuid = string.match(member, '^(%a+):(.+)$')
    if redis.call('SISMEMBER', of == 'producer' and KEYS[4] or KEYS[3], uuid or '') == 0 then
      redis.call('SREM', KEYS[2], member)
    end
  end
  if redis.call('SCARD', KEYS[2]) >= most then return {} end
end
redis.call('HSET', KEYS[at - 2], 'ip', ip)
if seen ~= '' then redis.call('HSET', KEYS[at - 2], 'last_seen', seen) end
if port == '-' then redis.call('HDEL', KEYS[at - 2], 'port')
elseif port ~= '' then redis.call('HSET', KEYS[at - 2], 'port', port) end
if not stored then
  redis.call('SADD', KEYS[1], ARGV[at])
  if most > 0 then redis.call('SADD', KEYS[2], kind .. ':' .. ARGV[at]) end
end
redis.call('PEXPIRE', KEYS[2], keep)
return {ARGV[at], stored and 0 or 1}
`;

/**
 * Records a call of a registered consumer. KEYS: the set, the entry under each spelling; ARGV: the time, the
 * spellings.
 */
export const SEEN = `
for i = 2, #ARGV do
  if redis.call('SISMEMBER', KEYS[1], ARGV[i]) == 1 then
    redis.call('HSET', KEYS[i], 'last_seen', ARGV[1])
    return 1
  end
end
return 0
`;

/**
 * Removes a peer. KEYS: the set, then the keys of its data for each spelling; ARGV: the number of keys per spelling,
 * the spellings.
 */
export const FORGET = `
local removed, each = 0, tonumber(ARGV[1])
for i = 2, #ARGV do
  removed = removed + redis.call('SREM', KEYS[1], ARGV[i])
  for k = 1, each do redis.call('DEL', KEYS[1 + (i - 2) * each + k]) end
end
return removed
`;
