-- Purpose: moves members of a sorted set to queues or to another sorted set, rewritten: jobs that are due, jobs
--   requeued or killed by hand, broken members put among the dead.
-- KEYS: 1 source (zset), 2 queues (set), then the destinations: first the queues (lists), then zsets
-- ARGV: 1 number of queues among the destinations, then their names, then per move: the old member, the new one, the
--   index of its destination in KEYS, and its score there ('' in a queue)
-- Returns: {{1 moved, 0 no longer a member, -1 refused; per move}, text of the last refusal or ''}
-- Why atomic: a member that another node has moved, or a click on the page has deleted, is not moved again.
-- Source: verk priv/enqueue_retriable_job.lua and priv/requeue_job_now.lua; sidekiq lib/sidekiq/scheduled.rb
-- Differs: the member is checked, the payload is not parsed here, and one that is refused stays and stops no other.

local queues, flags, refusal = tonumber(ARGV[1]), {}, ''
redis.call('SCARD', KEYS[2])
for i = 2 + queues, #ARGV, 4 do
  local old, new, destination, score = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3]
  local flag = redis.call('ZSCORE', KEYS[1], old) and 1 or 0
  if flag == 1 then
    local listed = destination <= 2 + queues
    -- The new place first: its refusal leaves the old one as it was.
    local put = listed and redis.pcall('LPUSH', KEYS[destination], new)
      or redis.pcall('ZADD', KEYS[destination], score, new)
    if type(put) == 'table' then
      flag, refusal = -1, put.err
    else
      redis.call('ZREM', KEYS[1], old)
      if listed then redis.call('SADD', KEYS[2], ARGV[destination - 1]) end
    end
  end
  flags[#flags + 1] = flag
end
return {flags, refusal}
