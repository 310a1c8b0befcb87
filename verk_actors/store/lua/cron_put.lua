-- Purpose: enters a periodic job, or another definition of it.
-- KEYS: 1 verk:cron (hash), 2 verk:cron:slots (hash), 3 verk:cron:paused (set), 4 verk:cron:runs (hash),
--   5 verk:cron:results (hash)
-- ARGV: 1 its name, 2 its definition, 3 the definition that it must have now ('' for none), 4 '1' where its times are
--   others now, or begin anew, '2' where it is resumed as well
-- Returns: 1, or 0 where it has another definition: nothing was done
-- Why atomic: with its entry a job has the instant from which on its times count: none before that is made up for. The
--   last time that was seen to never becomes an earlier one, so that no time is enqueued for twice.
-- Source: exq_scheduler lib/exq_scheduler/storage.ex

if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[3] then return 0 end
local last = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '') or -1
redis.call('SCARD', KEYS[3])
redis.call('HLEN', KEYS[4])
redis.call('HLEN', KEYS[5])
local now = tonumber(redis.call('TIME')[1])

redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if last < 0 or (ARGV[4] ~= '' and last < now) then redis.call('HSET', KEYS[2], ARGV[1], now) end
if ARGV[4] == '2' then redis.call('SREM', KEYS[3], ARGV[1]) end

-- A job that outlived its entry has told of its end.
for i = 4, 5 do
  if redis.call('HLEN', KEYS[i]) > redis.call('HLEN', KEYS[1]) then
    local kept = redis.call('HGETALL', KEYS[i])
    for at = 1, #kept, 2 do
      if not redis.call('HGET', KEYS[1], kept[at]) then redis.call('HDEL', KEYS[i], kept[at]) end
    end
  end
end
return 1
