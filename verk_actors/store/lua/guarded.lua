-- Purpose: does commands if all that they rely on holds still. So a batch is made, gets members, goes on, ends and is deleted.
-- KEYS: the key of each condition, then each key that is looked at, then the key of each command
-- ARGV: 1 number of conditions, 2 number of keys that are looked at, then per condition: how many words it has, and these:
--   a command that reads, what comes behind its key, and what it has to reply ('' for nil); then by which command each key
--   is looked at; then per command: how many words it has, and these: the command, and what comes behind its key
-- Returns: 1, or 0 if a condition does not hold: nothing was done
-- Why atomic: whoever else goes on with the same batch, each step of it is done once, with the jobs that it pushes.
-- A transaction has several of these where there are many jobs. The first looks at all keys of the transaction, so that
-- what stops one stops all; those that follow rely on what the first has written.
-- Source: ours

local conditions, looks, at = tonumber(ARGV[1]), tonumber(ARGV[2]), 3
for i = 1, conditions do
  local last = at + ARGV[at]
  local reply = redis.call(ARGV[at + 1], KEYS[i], unpack(ARGV, at + 2, last - 1))
  if (reply and tostring(reply) or '') ~= ARGV[last] then return 0 end
  at = last + 1
end

-- Lua does not roll back: an error, as where a key holds something else, stops the script here.
for i = conditions + 1, conditions + looks do
  redis.call(ARGV[at], KEYS[i])
  at = at + 1
end

for i = conditions + looks + 1, #KEYS do
  local last = at + ARGV[at]
  redis.call(ARGV[at + 1], KEYS[i], unpack(ARGV, at + 2, last))
  at = last + 1
end
return 1
