-- Purpose: reads all that is known of periodic jobs, and notes which of them a node has in its configuration or code.
-- KEYS: 1 verk:cron (hash), 2 verk:cron:slots (hash), 3 verk:cron:paused (set), 4 verk:cron:told (hash),
--   5 verk:cron:runs (hash), 6 verk:cron:results (hash)
-- ARGV: the names that are told of
-- Returns: {now as unix seconds, then what is in each of the keys}
-- Why atomic: what is due is judged by one instant, the server's, and by what stood there then.
-- Source: exq_scheduler lib/exq_scheduler/storage.ex

local time = redis.call('TIME')
local now = string.format('%s.%06d', time[1], time[2])
redis.call('HLEN', KEYS[4])
local found = {now}
for i, key in ipairs(KEYS) do found[i + 1] = redis.call(i == 3 and 'SMEMBERS' or 'HGETALL', key) end
for _, name in ipairs(ARGV) do redis.call('HSET', KEYS[4], name, time[1]) end
return found
