-- Purpose: enqueues and schedules jobs, those that hold locks only where nobody has these.
-- KEYS: 1 queues (set), 2 schedule (zset), then queue:QUEUE (list) of each queue of the transaction, then unique:TOKEN and
--   verk:once:JID (strings) of each lock of this part
-- ARGV: 1 number of queues, then their names, then the groups of jobs, each with its place, as an index in KEYS, and what
--   it has: either how many jobs, then for each its payload, behind its score if the place is the schedule; or -1 and one
--   job: its jid, how many locks it has, for each its index in KEYS and its milliseconds, then payload or score and payload
-- Returns: {number of the group, jid of the holder, per job that was not enqueued}
-- Why atomic: all jobs of a call are enqueued or none; a lock and its job come together.
-- A transaction has several of these. Each looks at all keys of the transaction first, so that what stops one stops all.
-- Source: sidekiq lib/sidekiq/client.rb, push_bulk; exq lib/exq/redis/job_queue.ex, enqueue_all

local at, queues = 2 + tonumber(ARGV[1]), tonumber(ARGV[1])
redis.call('SCARD', KEYS[1])
redis.call('ZCARD', KEYS[2])
for i = 3, 2 + queues do redis.call('LLEN', KEYS[i]) end
for i = 3 + queues, #KEYS do
  local found = redis.pcall('GET', KEYS[i])
  if type(found) == 'table' and not found.err:find('WRONGTYPE') then return found end
end

-- 1000 at a time, for the stack of Lua holds some 8000 values.
local function put(place, first, last)
  local command = place == 2 and 'ZADD' or 'LPUSH'
  for i = first, last, 1000 do redis.call(command, KEYS[place], unpack(ARGV, i, math.min(i + 999, last))) end
end

-- Who has one of a job's locks; its own job is no exception: it is enqueued already.
local function holder(first, locks)
  for i = first, first + 2 * locks - 1, 2 do
    local jid = redis.pcall('GET', KEYS[tonumber(ARGV[i])])
    if jid then return type(jid) == 'string' and jid or '' end
  end
end

-- The queue is made known first: a user who may not do that has enqueued nothing.
local known = {}
local function make_known(place)
  if place > 2 and not known[place] then redis.call('SADD', KEYS[1], ARGV[place - 1]) end
  known[place] = true
end

local group, kept_out = 0, {}
while at <= #ARGV do
  local place, count, width = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), 1
  if place == 2 then width = 2 end
  at, group = at + 2, group + 1
  if count >= 0 then
    make_known(place)
    put(place, at, at + count * width - 1)
    at = at + count * width
  else
    local jid, locks = ARGV[at], tonumber(ARGV[at + 1])
    local first = at + 2
    at = first + 2 * locks
    local other = holder(first, locks)
    if other then
      kept_out[#kept_out + 1] = group
      kept_out[#kept_out + 1] = other
    else
      make_known(place)
      for i = first, at - 1, 2 do redis.call('SET', KEYS[tonumber(ARGV[i])], jid, 'PX', ARGV[i + 1]) end
      put(place, at, at + width - 1)
    end
    at = at + width
  end
end
return kept_out
