-- Purpose: reads how far a batch is; one that has pending members, and nothing to tell its parent, is due no more.
-- KEYS: 1 verk:batch:BID (hash), 2 its pending members (set), 3 its failed ones (set), 4 its steps to come (list),
--   5 verk:batches:due (zset)
-- ARGV: 1 the id of the batch
-- Returns: {fields and values of the hash, pending members, failed ones, steps to come}
-- Why atomic: a member that ends right after the look makes the batch due again.
-- Source: ours

local pending, expires_at = redis.call('SCARD', KEYS[2]), redis.call('HGET', KEYS[1], 'expires_at')
if pending > 0 and expires_at and redis.call('HEXISTS', KEYS[1], 'told') == 0 then
  redis.call('ZADD', KEYS[5], expires_at, ARGV[1])
end
return {redis.call('HGETALL', KEYS[1]), pending, redis.call('SCARD', KEYS[3]), redis.call('LLEN', KEYS[4])}
