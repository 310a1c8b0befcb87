-- Purpose: takes the oldest job of a queue, right behind a wait for one; in vain where the wait was.
-- KEYS: 1 inprogress:QUEUE:NODE (list), 2 queue:QUEUE (list), 3 the node's lease (string), 4 the node's queues (set)
-- ARGV: 1 lease token, 2 queue name
-- Returns: {status} and the payload behind it, if one was taken; status is OK, or FENCED: the lease is not ours
-- Why atomic: only the holder of the lease takes a job.
-- Source: ours. The exchange could do it, and did: but what Redis has not done for a while takes it as long as it is wide,
--   and here somebody waits for it.

if redis.call('LLEN', KEYS[2]) == 0 then return {'OK'} end
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return {'FENCED'} end
redis.call('SADD', KEYS[4], ARGV[2])  -- first: where that is refused, nothing was taken
return {'OK', redis.call('LMOVE', KEYS[2], KEYS[1], 'RIGHT', 'LEFT')}
