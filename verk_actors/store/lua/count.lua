-- Purpose: adds the runs of some job classes to the counters of the minute and of the ten minutes in which they are told.
-- KEYS: 1 j|MINUTE (hash), 2 j|TEN MINUTES (hash), then h|CLASS-MINUTE (string, counters of 16 bits each)
-- ARGV: 1 seconds that the minute's counters live, 2 seconds that those of ten minutes live, 3 how many fields, then
--       fields and what is added; then for each counter of 16 bits which key, which place there, and what is added
-- Returns: nothing of use
-- Why atomic: one round trip for all classes.
-- Source: sidekiq lib/sidekiq/metrics/tracking.rb, flush, and shared.rb, persist

-- Lua does not roll back: where one holds something else, nothing is added.
redis.call('HLEN', KEYS[1])
redis.call('HLEN', KEYS[2])
for at = 3, #KEYS do redis.call('GET', KEYS[at]) end
local last = 3 + 2 * ARGV[3]
for at = 1, 2 do
  for i = 4, last, 2 do redis.call('HINCRBY', KEYS[at], ARGV[i], ARGV[i + 1]) end
  redis.call('EXPIRE', KEYS[at], ARGV[at])
end
for i = last + 1, #ARGV, 3 do
  local key = KEYS[tonumber(ARGV[i])]
  redis.call('BITFIELD', key, 'OVERFLOW', 'SAT', 'INCRBY', 'u16', '#' .. ARGV[i + 1], ARGV[i + 2])
end
for at = 3, #KEYS do redis.call('EXPIRE', KEYS[at], ARGV[1]) end
