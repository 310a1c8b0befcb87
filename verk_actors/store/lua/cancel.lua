-- Purpose: takes a waiting job, which is not wanted any more, out of its queue and puts it among the dead.
-- KEYS: 1 queue:QUEUE (list), 2 dead (zset)
-- ARGV: 1 the payload, 2 what it is among the dead, 3 its score there
-- Returns: 1, or 0 if it is not in the queue any more: nothing was done
-- Why atomic: a job that a node fetches at the same time is in one place only.
-- Source: ours; exq lib/exq/redis/job_queue.ex, remove_enqueued_jobs, forgets the job
-- LREM comes first, since it lifts a full server's refusal. A job that is refused among the dead is put back.

redis.call('ZCARD', KEYS[2])
if redis.call('LREM', KEYS[1], -1, ARGV[1]) == 0 then return 0 end
local put = redis.pcall('ZADD', KEYS[2], ARGV[3], ARGV[2])
if type(put) == 'table' then
  redis.call('LPUSH', KEYS[1], ARGV[1])  -- which whoever enqueues may do
  return put
end
return 1
