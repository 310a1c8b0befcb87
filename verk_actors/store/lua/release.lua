-- Purpose: releases locks of unique jobs.
-- KEYS: unique:TOKEN (string) of each
-- ARGV: the jid of each lock's job, in the order of KEYS
-- Returns: how many were released
-- Why atomic: a lock that has run out meanwhile, and is another job's by now, stays.
-- What is no lock, or may not be touched, holds up nothing (pcall).
-- Source: exq lib/exq/redis/script.ex, compare_and_delete

local released = 0
for i, key in ipairs(KEYS) do
  if redis.pcall('GET', key) == ARGV[i] and redis.pcall('DEL', key) == 1 then released = released + 1 end
end
return released
