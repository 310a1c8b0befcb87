-- Purpose: forgets a periodic job.
-- KEYS: 1 verk:cron (hash), 2 verk:cron:slots (hash), 3 verk:cron:paused (set), 4 verk:cron:told (hash),
--   5 verk:cron:runs (hash), 6 verk:cron:results (hash)
-- ARGV: its name
-- Returns: 1, or 0 where there was none
-- Why atomic: no node enqueues it any more, and one of that name that is entered later begins anew.
-- Source: exq_scheduler lib/exq_scheduler/storage.ex

for i, key in ipairs(KEYS) do redis.call(i == 3 and 'SCARD' or 'HLEN', key) end
local found = redis.call('HDEL', KEYS[1], ARGV[1])
for i = 2, #KEYS do redis.call(i == 3 and 'SREM' or 'HDEL', KEYS[i], ARGV[1]) end
return found
