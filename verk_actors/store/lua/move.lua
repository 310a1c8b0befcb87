-- Purpose: moves members of a sorted set to queues or to another sorted set, rewritten, or removes them: jobs that are due,
--   jobs requeued, killed or deleted by hand, broken members put among the dead.
-- KEYS: 1 source (zset), 2 queues (set), 3 dead (zset), then the queues that jobs go to (lists), then the key of each effect
-- ARGV: 1 number of these queues, 2 number of moves, then the names of the queues, then per move: the old member, the new
--   one, the index of its destination in KEYS, or 0 to remove it, and its score there ('' in a queue); then for each effect:
--   the number of its move, without which there is none, how many words it has, and these, as in exchange
-- Returns: {{1 moved, 0 no longer a member, -1 refused; per move}, text of the last refusal or ''}
-- Why atomic: a member that another node has moved, or a click on the page has deleted, is not moved again; and what its
--   end means for its batch and its lock is done with it.
-- Source: verk priv/enqueue_retriable_job.lua and priv/requeue_job_now.lua; sidekiq lib/sidekiq/scheduled.rb
-- Differs: the member is checked, the payload is not parsed here, and one that is refused stays and stops no other.

local queues, moves, flags, refusal = tonumber(ARGV[1]), tonumber(ARGV[2]), {}, ''
redis.call('SCARD', KEYS[2])

-- The members that are still there, in parts: one for each queue and for those that are removed, and among the dead one
-- for each member. 1000 at most in each, since Lua's stack holds some 8000 values.
local parts, open, seen, at = {}, {}, {}, 3 + queues
for move = 1, moves do
  local old, to = ARGV[at], tonumber(ARGV[at + 2])
  flags[move] = 0
  if not seen[old] and redis.call('ZSCORE', KEYS[1], old) then
    local part = open[to]
    if not part or #part.olds == 1000 then
      part = {to = to, score = ARGV[at + 3], olds = {}, news = {}, flags = {}}
      parts[#parts + 1], open[to] = part, to ~= 3 and part or nil
    end
    local place = #part.olds + 1
    part.olds[place], part.news[place], part.flags[place], seen[old] = old, ARGV[at + 1], move, true
  end
  at = at + 4
end

for _, part in ipairs(parts) do
  local key, put = KEYS[part.to], nil
  -- The new place first: its refusal leaves the old one as it was.
  if part.to == 3 then put = redis.pcall('ZADD', key, part.score, part.news[1])
  elseif part.to > 3 then put = redis.pcall('LPUSH', key, unpack(part.news)) end
  local flag = type(put) == 'table' and -1 or 1
  if flag == 1 then
    redis.call('ZREM', KEYS[1], unpack(part.olds))
    if part.to > 3 then redis.call('SADD', KEYS[2], ARGV[part.to - 1]) end
  else
    refusal = put.err
  end
  for _, place in ipairs(part.flags) do flags[place] = flag end
end

-- Whatever such a key holds, it stands in no job's way (pcall).
for i = 4 + queues, #KEYS do
  local command, last = ARGV[at + 2], at + 1 + ARGV[at + 1]
  if flags[tonumber(ARGV[at])] == 1 then
    if command ~= 'RELEASE' then redis.pcall(command, KEYS[i], unpack(ARGV, at + 3, last))
    elseif redis.pcall('GET', KEYS[i]) == ARGV[last] then redis.pcall('DEL', KEYS[i]) end
  end
  at = last + 1
end
return {flags, refusal}
