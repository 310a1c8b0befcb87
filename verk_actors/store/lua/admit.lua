-- Purpose: lets fetched jobs start, as far as their limits have room, and puts the others aside, to wait for one of these.
-- KEYS: 1 inprogress:QUEUE:NODE (list), 2 verk:limited (zset), 3 schedule (zset), then three for each limit:
--   verk:limit:ID:slots (hash) or verk:limit:ID:arrival (string), verk:limit:ID:waiting (zset), verk:limit:ID:called (zset)
-- ARGV: 1 who holds slots, 2 number of limits, then four for each: its id, how many slots it has ('' for a rate), the
--   microseconds from one start to the next of a rate or those that its slots are kept ('' for ever), how many of a rate may
--   start at once; then for each job: payload, what waits ('' for the same), jid, score, number of its limits, and their
--   numbers, from 1
-- Returns: one flag for each job: 1 it starts, 0 it waits, -1 it was in progress here no more
--   A limit of which a key holds something else lets nothing start, and its jobs come again in a minute, by the schedule.
-- Why atomic: a job has all its limits or none, no slot is given twice, and a job is in one place at any time.
-- A slot is the jid's: of two jobs with one jid the second waits until the first is settled. Those that wait go first: a
-- newcomer waits behind them, unless it was enqueued before.
-- Source: exq_limit, ExqLimit.Global and ExqLimit.GCRA; brandur.org/rate-limiting for the arithmetic

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- Lua does not roll back: these are called before the first write, so that an error of theirs stops the script here.
redis.call('LLEN', KEYS[1])
redis.call('ZCARD', KEYS[2])
redis.call('ZCARD', KEYS[3])

local function spoiled(key, wanted)
  local found = redis.call('TYPE', key).ok
  return found ~= wanted and found ~= 'none'
end

local limits, at = {}, 3
for i = 1, tonumber(ARGV[2]) do
  local limit = {id = ARGV[at], slots = tonumber(ARGV[at + 1]), step = tonumber(ARGV[at + 2]), burst = tonumber(ARGV[at + 3]),
    state = KEYS[3 * i + 1], waiting = KEYS[3 * i + 2], called = KEYS[3 * i + 3]}
  limit.is_spoiled = spoiled(limit.state, limit.slots and 'hash' or 'string')
    or spoiled(limit.waiting, 'zset') or spoiled(limit.called, 'zset')
  if limit.is_spoiled then
    limit.free = 0
  elseif limit.slots then
    limit.free = limit.slots - redis.call('HLEN', limit.state)
  else
    -- No more than a burst ahead: the clock may have been set back since.
    local arrival = math.min(tonumber(redis.call('GET', limit.state)) or 0, now + limit.burst * limit.step)
    limit.arrival = math.max(now, arrival)
    limit.free = math.floor((now - limit.arrival) / limit.step + limit.burst)
  end
  local first = limit.is_spoiled and {} or redis.call('ZRANGE', limit.waiting, 0, 0, 'WITHSCORES')
  limit.first = tonumber(first[2]) or math.huge
  limits[i], at = limit, at + 4
end

local function admit(limit, jid)
  limit.free = limit.free - 1
  if limit.slots then
    redis.call('HSET', limit.state, jid, ARGV[1])
    if limit.step then redis.call('PEXPIRE', limit.state, math.floor(limit.step / 1000)) end
  else
    limit.arrival = limit.arrival + limit.step
    local text = string.format('%.0f', limit.arrival)
    redis.call('SET', limit.state, text, 'PX', math.ceil((limit.arrival - now) / 1000) + 1000)
  end
end

local function put_aside(limit, payload, score)
  redis.call('ZADD', KEYS[2], 'LT', string.format('%.17g', now / 1000000), limit.id)
  if limit.is_spoiled then
    redis.call('ZADD', KEYS[3], string.format('%.17g', now / 1000000 + 60), payload)
  else
    redis.call('ZADD', limit.waiting, string.format('%.17g', score), payload)
    limit.first = math.min(limit.first, score)
  end
end

local flags = {}
while at <= #ARGV do
  local payload, jid, score, uses = ARGV[at], ARGV[at + 2], math.min(tonumber(ARGV[at + 3]), now / 1000000), {}
  local put, was_called, full = ARGV[at + 1] == '' and payload or ARGV[at + 1], false, nil
  for i = 1, tonumber(ARGV[at + 4]) do
    local limit = limits[tonumber(ARGV[at + 4 + i])]
    uses[i] = limit
    -- A full server (OOM) lets ZREM pass, and after it the rest of the script.
    was_called = not limit.is_spoiled and redis.call('ZREM', limit.called, jid) == 1 or was_called
  end
  for _, limit in ipairs(uses) do
    local is_late = score > limit.first and not was_called
    if limit.free < 1 or is_late or limit.slots and redis.call('HEXISTS', limit.state, jid) == 1 then
      full = limit
      break
    end
  end
  if not full then
    for _, limit in ipairs(uses) do admit(limit, jid) end
    flags[#flags + 1] = 1
  elseif redis.call('LREM', KEYS[1], -1, payload) == 1 then
    put_aside(full, put, score)
    flags[#flags + 1] = 0
  else
    flags[#flags + 1] = -1
  end
  at = at + 5 + #uses
end
return flags
