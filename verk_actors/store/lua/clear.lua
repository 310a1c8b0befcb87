-- Purpose: removes all jobs of a queue or a set; where there are batches, a page of those that can't be members of one.
-- KEYS: 1 a queue (list) or a set of jobs (zset), 2 verk:batches:due (zset)
-- ARGV: 1 what the payload of a member has in it, 2 how many jobs one page has, from the end that is next, 3 LIST or ZSET
-- Returns: {jobs that were there; 0 or 1 where all are gone, members of batches in this page, which stay}
-- Why atomic: a member that comes meanwhile is not removed without its batch being told.
-- Source: ours

if redis.call('ZCARD', KEYS[2]) == 0 then return {redis.call('UNLINK', KEYS[1]), {}} end
local is_list, most = ARGV[3] == 'LIST', tonumber(ARGV[2])
local count = redis.call(is_list and 'LLEN' or 'ZCARD', KEYS[1])
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
