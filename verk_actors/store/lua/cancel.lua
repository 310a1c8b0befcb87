-- Purpose: takes a waiting job, which is not wanted any more, out of its queue, and puts it among the dead, or nowhere.
-- KEYS: 1 queue:QUEUE (list), 2 dead (zset), then the key of each effect
-- ARGV: 1 the payload, 2 what it is among the dead, or '' for nowhere, 3 its score there, then for each effect: how many words
--   it has, and these, as in exchange
-- Returns: 1, or 0 if it is not in the queue any more: nothing was done
-- Why atomic: a job that a node fetches at the same time is in one place only; and what its end means for its batch and its
--   lock is done with it.
-- Source: ours; exq lib/exq/redis/job_queue.ex, remove_enqueued_jobs, forgets the job
-- LREM comes first, since it lifts a full server's refusal. A job that is refused among the dead is put back.

redis.call('ZCARD', KEYS[2])
if redis.call('LREM', KEYS[1], -1, ARGV[1]) == 0 then return 0 end
local put = ARGV[2] ~= '' and redis.pcall('ZADD', KEYS[2], ARGV[3], ARGV[2])
if type(put) == 'table' then
  redis.call('LPUSH', KEYS[1], ARGV[1])  -- which whoever enqueues may do
  return put
end

-- Whatever such a key holds, it stands in no job's way (pcall).
local at = 4
for i = 3, #KEYS do
  local command, last = ARGV[at + 1], at + ARGV[at]
  if command ~= 'RELEASE' then redis.pcall(command, KEYS[i], unpack(ARGV, at + 2, last))
  elseif redis.pcall('GET', KEYS[i]) == ARGV[last] then redis.pcall('DEL', KEYS[i]) end
  at = last + 1
end
return 1
