import { createHash } from "node:crypto";

/**
 * Claims a key and charges it to its quota in one script, so that no other command runs in between.
 * Uses the server's clock. Keys of one store share a hash tag, so that a cluster keeps them
 * together.
 *
 * KEYS: the claim; the claims of the store by expiry; counts of the store (`total`; `entries ROOM`
 * and `owners ROOM` of each room; `held ROOM OWNER` of each owner). ARGV: lifetime in milliseconds,
 * room, owner, maxEntries, maxInRoom, maxOfOwner. Returns 1 for the first claim, 0 while an earlier
 * claim is kept, -1 if the owner has reached its quota.
 */
export const CLAIM_SCRIPT = `
local claim, ends, counts = KEYS[1], KEYS[2], KEYS[3]
local room, owner = ARGV[2], ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function count(field)
  return tonumber(redis.call('HGET', counts, field) or 0)
end
local function add(field, step)
  local value = redis.call('HINCRBY', counts, field, step)
  if value <= 0 then redis.call('HDEL', counts, field) end
  return value
end

local expired = redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, 500)
for _, entry in ipairs(expired) do
  redis.call('ZREM', ends, entry)
  local oldRoom, oldOwner = entry:match('^(%S+)\\n([^\\n]*)\\n')
  add('total', -1)
  add('entries ' .. oldRoom, -1)
  if add('held ' .. oldRoom .. ' ' .. oldOwner, -1) <= 0 then add('owners ' .. oldRoom, -1) end
end

if redis.call('EXISTS', claim) == 1 then return 0 end
local held = count('held ' .. room .. ' ' .. owner)
local sharers = count('owners ' .. room)
if held == 0 then sharers = sharers + 1 end
local free = math.min(ARGV[4] - count('total'), ARGV[5] - count('entries ' .. room))
if held >= tonumber(ARGV[6]) or held * sharers >= free then return -1 end

redis.call('SET', claim, '', 'NX', 'PX', ARGV[1])
local entry = room .. '\\n' .. owner .. '\\n' .. claim
-- It may be there: expired, and not yet removed.
if redis.call('ZADD', ends, now + ARGV[1], entry) == 0 then return 1 end
add('total', 1)
add('entries ' .. room, 1)
if add('held ' .. room .. ' ' .. owner, 1) == 1 then add('owners ' .. room, 1) end
return 1
`;

/** Name of the script at the server. */
export const CLAIM_SCRIPT_SHA = createHash("sha1").update(CLAIM_SCRIPT).digest("hex");
