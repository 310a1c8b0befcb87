-- Purpose: calls jobs that wait for a limit: moves them to the front of their queues, where they are fetched next.
-- KEYS: 1 verk:limit:ID:waiting (zset), 2 verk:limit:ID:called (zset), 3 verk:limit:ID:slots (hash), 4 queues (set), then the
--   queues (lists)
-- ARGV: 1 number of these queues, then their names, then three for each job: its payload, its jid, and the index of its queue
--   in KEYS; the first is to run first
-- Returns: {{1 called, 0 no longer waiting, -1 refused, 2 its jid holds a slot: it waits on; per job}, text of the last
--   refusal or ''}
-- Why atomic: a job is in one place at any time, and whether it was called is known to whoever fetches it.
-- Source: ours
-- ZREM comes first, since it lifts a full server's refusal. What is refused in its queue is put back.

local queues = tonumber(ARGV[1])
local now, flags, refusal = redis.call('TIME')[1], {}, ''
redis.call('ZCARD', KEYS[2])
redis.call('HLEN', KEYS[3])
redis.call('SCARD', KEYS[4])

local jobs = (#ARGV - 1 - queues) / 3
for i = jobs, 1, -1 do  -- the last one that is pushed runs first
  local at = queues + 3 * i - 1
  local payload, jid, to = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local score = redis.call('ZSCORE', KEYS[1], payload)
  flags[i] = score and 1 or 0
  if score and redis.call('HEXISTS', KEYS[3], jid) == 1 then
    flags[i] = 2
  elseif score then
    redis.call('ZREM', KEYS[1], payload)
    local put = redis.pcall('RPUSH', KEYS[to], payload)
    if type(put) == 'table' then
      redis.call('ZADD', KEYS[1], score, payload)
      flags[i], refusal = -1, put.err
    else
      redis.call('SADD', KEYS[4], ARGV[to - 3])
      redis.call('ZADD', KEYS[2], now, jid)
    end
  end
end
return {flags, refusal}
