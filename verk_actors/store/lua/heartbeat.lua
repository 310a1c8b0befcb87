-- Purpose: keeps a node's lease, or takes it under a fresh token, and registers the node with its queues.
-- KEYS: 1 the node's lease (string), 2 the node's queues (set), 3 verk_nodes (set), 4 paused (set)
-- ARGV: 1 node id, 2 lease token, 3 milliseconds the lease lasts, 4 the token for a lease that has to be taken anew,
--   then the node's queues
-- Returns: {status, holder, {paused queues; none where their key holds something else}}; status is OK (kept without a
--   break), NEW (taken under the fresh token: it had lapsed, was never held, or the node had been deregistered) or
--   CONFLICT (the holder keeps it: nothing was done)
-- Why atomic: two nodes can't hold one id, and a node with a lease is registered: peers find its jobs when it dies.
--   The token is fresh, so that a fetch that was given up before the lease lapsed, and comes late, does not succeed.
-- Source: verk lib/verk/node.ex, expire_in and add_node_redis; lib/verk/node/manager.ex, heartbeat

local holder = redis.call('GET', KEYS[1])
-- The fresh token holds it already where the reply to the heartbeat that took it was lost.
if holder and holder ~= ARGV[2] and holder ~= ARGV[4] then return {'CONFLICT', holder, {}} end
-- Both sets are read before the first write, so that one of the wrong type stops the script here.
redis.call('SCARD', KEYS[2])
local kept = redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 1 and holder == ARGV[2]
local token = kept and ARGV[2] or ARGV[4]

-- A full server (OOM) refuses SET as the first write of a script, but not PEXPIRE, nor SET after it.
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[1], token, 'PX', ARGV[3])
redis.call('SADD', KEYS[3], ARGV[1])
-- 1000 at a time, for the stack of Lua.
for i = 5, #ARGV, 1000 do redis.call('SADD', KEYS[2], unpack(ARGV, i, math.min(i + 999, #ARGV))) end
local paused = redis.pcall('SMEMBERS', KEYS[4])
return {kept and 'OK' or 'NEW', token, paused.err and {} or paused}
