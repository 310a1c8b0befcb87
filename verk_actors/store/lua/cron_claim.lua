-- Purpose: enqueues a periodic job for one of its times, unless that was seen to already.
-- KEYS: 1 verk:cron (hash), 2 verk:cron:slots (hash), 3 verk:cron:paused (set), 4 verk:cron:runs (hash), 5 queues (set),
--   6 queue:QUEUE (list), and 7 the lock of a unique job (string)
-- ARGV: 1 its name, 2 the definition that it must have still ('' for any), 3 the time, whole unix seconds ('' for one by
--   hand), 4 what is kept of the run, 5 the same where another job keeps it out, 6 queue name, 7 payload ('' for none: a
--   middleware halts it), 8 its jid, 9 milliseconds for which it has the lock
-- Returns: {status, jid}; status is OK, KEPT_OUT (the job of that jid has the lock: the time is over, and nothing was
--   enqueued), PASSED (this time or a later one was seen to), PAUSED, or GONE (not there, or not as it was); of these
--   three nothing was done
-- Why atomic: that the time was seen to and that the job is in its queue are one step, so that of any number of nodes one
--   enqueues it, and once, wherever any of them dies.
-- Source: exq_scheduler lib/exq_scheduler/storage.ex

local definition = redis.call('HGET', KEYS[1], ARGV[1])
local last = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '')
if not definition or not last or (ARGV[2] ~= '' and definition ~= ARGV[2]) then return {'GONE', ''} end
if ARGV[3] ~= '' then
  if last >= tonumber(ARGV[3]) then return {'PASSED', ''} end
  if redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 1 then return {'PAUSED', ''} end
end
redis.call('HLEN', KEYS[4])
redis.call('SCARD', KEYS[5])
redis.call('LLEN', KEYS[6])
local holder = KEYS[7] and redis.call('GET', KEYS[7])

-- The time first: what could be refused behind it is what this node does for each job that is due.
if ARGV[3] ~= '' then redis.call('HSET', KEYS[2], ARGV[1], ARGV[3]) end
if holder then
  redis.call('HSET', KEYS[4], ARGV[1], ARGV[5])
  return {'KEPT_OUT', holder}
end
if ARGV[7] ~= '' then
  redis.call('SADD', KEYS[5], ARGV[6])
  if KEYS[7] then redis.call('SET', KEYS[7], ARGV[8], 'PX', ARGV[9]) end
  redis.call('LPUSH', KEYS[6], ARGV[7])
  redis.call('HSET', KEYS[4], ARGV[1], ARGV[4])
end
return {'OK', ''}
