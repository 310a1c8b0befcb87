-- Purpose: removes all jobs of a queue or a set; where there are batches page by page: the members of batches that the page
--   before has found, which their batches count as failed then, and of the next page all that are no members.
-- KEYS: 1 a queue (list) or a set of jobs (zset), 2 verk:batches:due (zset), then of each batch its pending members (set) and
--   its failed ones (set)
-- ARGV: 1 what the payload of a member has in it, 2 how many jobs the next page has, from the end that is next, 3 LIST or
--   ZSET, then for each batch: its id, how many members, and for each of them its payload and its jid, '' where it is none
-- Returns: {jobs that were there; 0 or 1 where all are gone, members of batches in the next page, which stay}
-- Why atomic: a member that comes meanwhile is not removed without its batch being told.
-- Source: ours

if redis.call('ZCARD', KEYS[2]) == 0 then return {redis.call('UNLINK', KEYS[1]), {}} end
local is_list, most, at = ARGV[3] == 'LIST', tonumber(ARGV[2]), 4
for i = 3, #KEYS, 2 do
  local jids, last = {}, at + 1 + 2 * ARGV[at + 1]
  for j = at + 2, last, 2 do
    local gone = is_list and redis.call('LREM', KEYS[1], -1, ARGV[j]) or redis.call('ZREM', KEYS[1], ARGV[j])
    if gone > 0 and ARGV[j + 1] ~= '' then jids[#jids + 1] = ARGV[j + 1] end
  end
  -- Whatever such a key holds, it stands in no job's way (pcall). Removing has lifted a full server's refusal.
  for k = 1, #jids, 1000 do
    redis.pcall('SREM', KEYS[i], unpack(jids, k, math.min(k + 999, #jids)))
    redis.pcall('SADD', KEYS[i + 1], unpack(jids, k, math.min(k + 999, #jids)))
    redis.pcall('ZADD', KEYS[2], 0, ARGV[at])
  end
  at = last + 1
end

local count = redis.call(is_list and 'LLEN' or 'ZCARD', KEYS[1])
if most == 0 then return {count, {}} end
local page = is_list and redis.call('LRANGE', KEYS[1], -most, -1) or redis.call('ZRANGE', KEYS[1], 0, most - 1)
local members, others = {}, {}
for _, payload in ipairs(page) do
  local found = payload:find(ARGV[1], 1, true) and members or others
  found[#found + 1] = payload
end
if #others > 0 and is_list then
  redis.call('LTRIM', KEYS[1], 0, -most - 1)
  -- Trimming lifts a full server's refusal.
  for i = 1, #members, 1000 do redis.call('RPUSH', KEYS[1], unpack(members, i, math.min(i + 999, #members))) end
elseif #others > 0 then
  for i = 1, #others, 1000 do redis.call('ZREM', KEYS[1], unpack(others, i, math.min(i + 999, #others))) end
end
return {count, members}
