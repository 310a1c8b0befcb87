-- Purpose: pushes jobs to a queue and makes the queue known.
-- KEYS: 1 queue:QUEUE (list), 2 queues (set)
-- ARGV: 1 queue name, then the payloads
-- Returns: jobs in the queue afterwards
-- Why atomic: a queue that has jobs is among the queues that a dashboard lists.
-- Source: sidekiq lib/sidekiq/client.rb, atomic_push; verk lib/verk.ex, enqueue

-- LPUSH and SADD check the types themselves; the set is read first, since Lua does not roll back.
redis.call('SCARD', KEYS[2])
local jobs = redis.call('LLEN', KEYS[1])
for i = 2, #ARGV do jobs = redis.call('LPUSH', KEYS[1], ARGV[i]) end
if #ARGV > 1 then redis.call('SADD', KEYS[2], ARGV[1]) end
return jobs
