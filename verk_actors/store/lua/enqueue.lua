-- Purpose: pushes jobs to a queue and makes the queue known.
-- KEYS: 1 queue:QUEUE (list), 2 queues (set)
-- ARGV: 1 queue name, then the payloads, one at least
-- Returns: jobs in the queue afterwards
-- Why atomic: a queue that has jobs is among the queues that a dashboard lists.
-- Source: sidekiq lib/sidekiq/client.rb, atomic_push; verk lib/verk.ex, enqueue

-- LPUSH checks its type itself; the set is read first, since Lua does not roll back. 1000 at a time, for the stack of Lua
-- holds some 8000 values.
redis.call('SCARD', KEYS[2])
local jobs
for i = 2, #ARGV, 1000 do jobs = redis.call('LPUSH', KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV))) end
redis.call('SADD', KEYS[2], ARGV[1])
return jobs
