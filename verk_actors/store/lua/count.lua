-- Purpose: adds the runs of some job classes to the counters of the minute and of the ten minutes in which they are told.
-- KEYS: 1 j|MINUTE (hash), 2 j|TEN MINUTES (hash)
-- ARGV: 1 seconds that the minute's counters live, 2 seconds that those of ten minutes live, then fields and what is added
-- Returns: nothing of use
-- Why atomic: one round trip for all classes.
-- Source: sidekiq lib/sidekiq/metrics/tracking.rb, flush

-- Lua does not roll back: where either holds something else, nothing is added.
redis.call('HLEN', KEYS[1])
redis.call('HLEN', KEYS[2])
for at, key in ipairs(KEYS) do
  for i = 3, #ARGV, 2 do redis.call('HINCRBY', key, ARGV[i], ARGV[i + 1]) end
  redis.call('EXPIRE', key, ARGV[at])
end
