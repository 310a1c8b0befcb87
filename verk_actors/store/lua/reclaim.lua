-- Purpose: gives back slots of a limit whose holders are gone.
-- KEYS: 1 verk:limit:ID:slots (hash), then the leases of nodes (strings)
-- ARGV: four for each slot: the jid, who holds it, the index of his lease in KEYS or 0 where he gives it back himself, and the
--   token by which he would hold that
-- Returns: how many were given back
-- Why atomic: a slot that has another holder by now, and one whose node has its lease again, stays.
-- Source: ours

local count = 0
for at = 1, #ARGV, 4 do
  local lease = tonumber(ARGV[at + 2])
  local gone = lease == 0 or redis.call('GET', KEYS[lease]) ~= ARGV[at + 3]
  if gone and redis.call('HGET', KEYS[1], ARGV[at]) == ARGV[at + 1] then
    count = count + redis.call('HDEL', KEYS[1], ARGV[at])
  end
end
return count
