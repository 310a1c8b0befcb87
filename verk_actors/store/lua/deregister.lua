-- Purpose: ends a node's lease, and takes the node off the list of nodes if it leaves no job in progress.
-- KEYS: 1 the node's lease (string), 2 the node's queues (set), 3 verk_nodes (set), then inprogress:QUEUE:NODE (list)
--   of each queue
-- ARGV: 1 node id, 2 lease token ('' for a node that has no lease), then the name of each queue, in the order of KEYS
-- Returns: jobs left in progress (peers rescue them at once), or -1 if the lease is not the token's: nothing was done
-- Why atomic: a node that has jobs in progress stays registered; one that came back to life keeps its lease.
-- Source: verk lib/verk/node.ex, deregister

if (redis.call('GET', KEYS[1]) or '') ~= ARGV[2] then return -1 end
-- Everything is read before the first write, so that a key of the wrong type stops the script here.
redis.call('SCARD', KEYS[2])
redis.call('SCARD', KEYS[3])
local left, empty = 0, {}
for i = 4, #KEYS do
  local jobs = redis.call('LLEN', KEYS[i])
  if jobs == 0 then empty[#empty + 1] = ARGV[i - 1] end
  left = left + jobs
end

redis.call('DEL', KEYS[1])
for _, queue in ipairs(empty) do redis.call('SREM', KEYS[2], queue) end
if redis.call('SCARD', KEYS[2]) == 0 then redis.call('SREM', KEYS[3], ARGV[1]) end
return left
