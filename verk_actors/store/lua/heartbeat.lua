-- Purpose: takes, keeps or takes over a node's lease, and registers the node with its queues.
-- KEYS: 1 the node's lease (string), 2 the node's queues (set), 3 verk_nodes (set)
-- ARGV: 1 node id, 2 lease token, 3 milliseconds the lease lasts, 4 token of a holder that may be replaced ('' none),
--   then the node's queues
-- Returns: {status, holder}; status is OK (kept without a break), NEW (taken: it had lapsed, was never held, or the
--   node had been deregistered) or CONFLICT (the holder, told by its token, keeps it: nothing was done)
-- Why atomic: two nodes can't hold one id, and a node with a lease is registered: peers find its jobs when it dies.
-- Source: verk lib/verk/node.ex, expire_in and add_node_redis; lib/verk/node/manager.ex, heartbeat

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[2] and (ARGV[4] == '' or holder ~= ARGV[4]) then return {'CONFLICT', holder} end
-- Both sets are read before the first write, so that one of the wrong type stops the script here.
redis.call('SCARD', KEYS[2])
local registered = redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 1

-- A full server (OOM) refuses SET as the first write of a script, but not PEXPIRE, nor SET after it.
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('SADD', KEYS[3], ARGV[1])
for i = 5, #ARGV do redis.call('SADD', KEYS[2], ARGV[i]) end
return {holder == ARGV[2] and registered and 'OK' or 'NEW', ARGV[2]}
