-- Purpose: gives one batch of a dead node's jobs of one queue back to the queue, oldest to run first.
-- KEYS: 1 the dead node's lease (string), 2 its queues (set), 3 verk_nodes (set), 4 inprogress:QUEUE:NODE (list),
--   5 queue:QUEUE (list), 6 verk:recovered (hash of payload sha1 to recoveries), 7 queues (set)
-- ARGV: 1 dead node's id, 2 queue name, 3 most jobs in a batch, 4 recoveries a job may have, 5 seconds for which
--   recoveries are counted
-- Returns: {status, jobs moved, jobs left in progress, {payloads recovered too often}}; status is OK, or ALIVE when the
--   node holds a lease (nothing was done). The last ones stay in the list until the caller buries them.
-- Why atomic: a node that came back to life loses no job that it runs; one that has jobs left stays registered.
-- Source: verk priv/lpop_rpush_src_dest.lua; lib/verk/node/manager.ex, cleanup_queues

if redis.call('EXISTS', KEYS[1]) == 1 then return {'ALIVE', 0, 0, {}} end
-- Lua does not roll back, so whatever could fail is checked before the first write.
for key, wanted in pairs({[2] = 'set', [3] = 'set', [5] = 'list', [6] = 'hash', [7] = 'set'}) do
  local found = redis.call('TYPE', KEYS[key]).ok
  if found ~= wanted and found ~= 'none' then
    return redis.error_reply('WRONGTYPE ' .. KEYS[key] .. ' holds a ' .. found .. ', not a ' .. wanted)
  end
end

local moved, poison, recoveries = 0, {}, {}
for _, payload in ipairs(redis.call('LRANGE', KEYS[4], 0, tonumber(ARGV[3]) - 1)) do
  -- Counted once per batch: jobs that are equal to the byte are not one job recovered often.
  recoveries[payload] = recoveries[payload] or redis.call('HINCRBY', KEYS[6], redis.sha1hex(payload), 1)
  if recoveries[payload] > tonumber(ARGV[4]) then
    poison[#poison + 1] = payload
  else
    redis.call('RPUSH', KEYS[5], payload)  -- before it is removed: where the user may not, nothing is lost
    redis.call('LREM', KEYS[4], 1, payload)
    moved = moved + 1
  end
end
if moved > 0 then redis.call('SADD', KEYS[7], ARGV[2]) end
-- The time runs from the first recovery, so that the hash can't grow for ever.
if redis.call('TTL', KEYS[6]) == -1 then redis.call('EXPIRE', KEYS[6], ARGV[5]) end

local left = redis.call('LLEN', KEYS[4])
if left == 0 then
  redis.call('SREM', KEYS[2], ARGV[2])
  if redis.call('SCARD', KEYS[2]) == 0 then redis.call('SREM', KEYS[3], ARGV[1]) end
end
return {'OK', moved, left, poison}
