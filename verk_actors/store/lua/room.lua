-- Purpose: tells how many of the jobs that wait for limits may be called, and which, and notes when to look again.
-- KEYS: 1 verk:limited (zset), then three for each limit: verk:limit:ID:slots (hash) or verk:limit:ID:arrival (string),
--   verk:limit:ID:waiting (zset), verk:limit:ID:called (zset)
-- ARGV: 1 most payloads for each limit, 2 seconds after which what was called counts as lost, then five for each: its id, how
--   many slots it has ('' for a rate or none), the microseconds from one start to the next of a rate ('' for none), how many of
--   a rate may start at once, and the seconds to the next look where nothing else tells, 0 where slots are one node's
-- Returns: for each limit {how many wait, how many may be called, {those that wait, the first of them}, seconds to the next
--   look, as text}, '' for none: nobody waits, or the node's own slots are all held, and it knows when one comes free;
--   those that wait are a few more than may be called. Or the error of a key that holds something else, which it names
-- Why atomic: a limit is forgotten here only if nobody waits for it, and is put into its place again by whoever does.
-- Source: ours

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local most, lost = tonumber(ARGV[1]), string.format('%.17g', now - ARGV[2])
redis.call('ZCARD', KEYS[1])

local function error_of(key, wanted)
  local found = redis.call('TYPE', key).ok
  if found == wanted or found == 'none' then return nil end
  return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. found .. ', where a ' .. wanted .. ' should be')
end

local found = {}
for i = 1, (#KEYS - 1) / 3 do
  local at = 5 * i - 2
  local id, slots, step, burst = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local state_type = slots and 'hash' or step and 'string'
  local err = state_type and error_of(KEYS[3 * i - 1], state_type)
  err = err or error_of(KEYS[3 * i], 'zset') or error_of(KEYS[3 * i + 1], 'zset')
  if err then return err end
  local count, free, next_at, knows = redis.call('ZCARD', KEYS[3 * i]), most, now + ARGV[at + 4], false
  if count == 0 then
    redis.call('ZREM', KEYS[1], id)
    found[i] = {0, 0, {}, ''}
  else
    redis.call('ZREMRANGEBYSCORE', KEYS[3 * i + 1], '-inf', lost)
    local under_way = redis.call('ZCARD', KEYS[3 * i + 1])
    if slots then
      local left = slots - redis.call('HLEN', KEYS[3 * i - 1])
      free, knows = math.max(0, math.min(left - under_way, most)), left <= 0 and next_at == now
    elseif step then
      local micros = now * 1000000
      local arrival = math.min(tonumber(redis.call('GET', KEYS[3 * i - 1])) or 0, micros + burst * step)  -- as in admit.lua
      arrival = math.max(micros, arrival)
      free = math.max(0, math.min(math.floor((micros - arrival) / step + burst) - under_way, most))
      next_at = (arrival + (under_way + free + 1 - burst) * step) / 1000000
    end
    redis.call('ZADD', KEYS[1], string.format('%.17g', next_at), id)
    local first = redis.call('ZRANGE', KEYS[3 * i], 0, math.min(free + 10, most) - 1)
    found[i] = {count, free, first, knows and '' or string.format('%.6f', next_at - now)}
  end
end
return found
