-- Purpose: pushes jobs to a queue and makes the queue known.
-- KEYS: 1 queue:QUEUE (list), 2 queues (set)
-- ARGV: 1 queue name, then the payloads, one at least
-- Returns: jobs in the queue afterwards
-- Why atomic: a queue that has jobs is among the queues that a dashboard lists.
-- Source: sidekiq lib/sidekiq/client.rb, atomic_push; verk lib/verk.ex, enqueue

-- SADD checks its type itself; the list is read first, since Lua does not roll back. The queue is made known first: a user
-- who may not do that has enqueued nothing. 1000 at a time, for the stack of Lua holds some 8000 values.
redis.call('LLEN', KEYS[1])
redis.call('SADD', KEYS[2], ARGV[1])
local jobs
for i = 2, #ARGV, 1000 do jobs = redis.call('LPUSH', KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV))) end
return jobs
