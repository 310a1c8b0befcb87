-- Purpose: moves members of a sorted set to queues or to another sorted set, rewritten: jobs that are due, jobs
--   requeued or killed by hand, broken members put among the dead.
-- KEYS: 1 source (zset), 2 queues (set), 3 dead (zset), then the queues that jobs go to (lists)
-- ARGV: 1 number of these queues, then their names, then per move: the old member, the new one, the index of its
--   destination in KEYS, and its score there ('' in a queue)
-- Returns: {{1 moved, 0 no longer a member, -1 refused; per move}, text of the last refusal or ''}
-- Why atomic: a member that another node has moved, or a click on the page has deleted, is not moved again.
-- Source: verk priv/enqueue_retriable_job.lua and priv/requeue_job_now.lua; sidekiq lib/sidekiq/scheduled.rb
-- Differs: the member is checked, the payload is not parsed here, and one that is refused stays and stops no other.

local queues, flags, refusal = tonumber(ARGV[1]), {}, ''
redis.call('SCARD', KEYS[2])

-- The members that are still there, in parts: one for each queue, and among the dead one for each member. 1000 at most
-- in each, since Lua's stack holds some 8000 values.
local parts, open, seen = {}, {}, {}
for i = 2 + queues, #ARGV, 4 do
  local old, to = ARGV[i], tonumber(ARGV[i + 2])
  flags[#flags + 1] = 0
  if not seen[old] and redis.call('ZSCORE', KEYS[1], old) then
    local part = open[to]
    if not part or #part.olds == 1000 then
      part = {to = to, score = ARGV[i + 3], olds = {}, news = {}, flags = {}}
      parts[#parts + 1], open[to] = part, to > 3 and part or nil
    end
    local at = #part.olds + 1
    part.olds[at], part.news[at], part.flags[at], seen[old] = old, ARGV[i + 1], #flags, true
  end
end

for _, part in ipairs(parts) do
  local key, listed = KEYS[part.to], part.to > 3
  -- The new place first: its refusal leaves the old one as it was.
  local put = listed and redis.pcall('LPUSH', key, unpack(part.news)) or redis.pcall('ZADD', key, part.score, part.news[1])
  local flag = type(put) == 'table' and -1 or 1
  if flag == 1 then
    redis.call('ZREM', KEYS[1], unpack(part.olds))
    if listed then redis.call('SADD', KEYS[2], ARGV[part.to - 2]) end
  else
    refusal = put.err
  end
  for _, at in ipairs(part.flags) do flags[at] = flag end
end
return {flags, refusal}
