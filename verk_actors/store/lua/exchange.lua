-- Purpose: settles jobs in progress and fetches new ones of the same queue, in one step and one round trip.
-- KEYS: 1 inprogress:QUEUE:NODE (list), 2 queue:QUEUE (list), 3 the node's lease (string), 4 the node's queues (set),
--   5 retry (zset), 6 dead (zset), 7 stat:processed, 8 stat:failed, 9 stat:processed:QUEUE, 10 stat:failed:QUEUE,
--   11 stat:processed:DAY, 12 stat:failed:DAY, 13 schedule (zset), 14 stat:expired,
--   then the key of each effect
-- ARGV: 1 lease token, 2 queue name, 3 how many jobs to fetch, 4 bytes after which fetching stops,
--   5 score up to which dead jobs are trimmed, 6 how many dead jobs stay, 7 seconds that a day's counter lives,
--   8 '1' if processed counts failed runs too, 9 one letter per settlement (a ack, r retry, d dead, x discard,
--   s snooze: to the schedule as if it had not run, b bury: dead without having run, e expire: gone without having run,
--   q requeue), then the payload of each settlement, then a new payload ('' for the same) and its score for each r, d, s and
--   b, then for each effect: the number of its settlement, without which there is none, how many words it has, and these:
--   a command, and what comes behind the effect's key; RELEASE removes a key that holds the value given
-- Returns: {status, {1, 0 or -1 per settlement}, {payloads fetched}, dead jobs trimmed, text of the last refusal of a
--   settlement or ''}. A settlement is 0 when its payload was no longer in progress here, -1 when it was refused where
--   it goes: then it is in progress as before. Status is OK, FENCED (the lease is not ours: nothing was fetched) or,
--   where something was settled, the text of the error that refused the fetch.
-- Why atomic: a job is in one place at any time; a job that a peer has rescued is settled by nobody else; only the
--   holder of the lease fetches.
-- A full server (OOM) lets LTRIM and LREM pass, and after them the rest of the script: it settles, and hands out jobs in
--   the place of those that have ended. That needs no memory, and frees some when they end well. It refuses a fetch alone.
-- Source: verk priv/mrpop_lpush_src_dest.lua; lib/verk/queue_manager.ex, ack and retry

local kinds, fetch = ARGV[9], tonumber(ARGV[3])
local set_of = {r = KEYS[5], d = KEYS[6], b = KEYS[6], s = KEYS[13]}
local ours = redis.call('GET', KEYS[3]) == ARGV[1]
-- Lua does not roll back: these are called before the first write, so that an error of theirs stops the script here.
redis.call('LLEN', KEYS[1])
redis.call('SCARD', KEYS[4])

-- Settling comes first, since LTRIM and LREM lift a full server's refusal. What is refused where it goes is put back.
-- Jobs end mostly in the order in which they were fetched: as many as did so leave in one step.
local in_order = 0
if #kinds > 1 then
  local oldest = redis.call('LRANGE', KEYS[1], -#kinds, -1)
  while in_order < #kinds and oldest[#oldest - in_order] == ARGV[10 + in_order] do in_order = in_order + 1 end
  if in_order > 0 then redis.call('LTRIM', KEYS[1], 0, -1 - in_order) end
end

local settled, succeeded, failed, expired, buries, refusal, new = {}, 0, 0, 0, false, '', 10 + #kinds
for i = 1, #kinds do
  local kind, payload, put = kinds:sub(i, i), ARGV[9 + i], nil
  settled[i] = i <= in_order and 1 or redis.call('LREM', KEYS[1], -1, payload)
  if settled[i] == 1 then
    if kind == 'q' then put = redis.pcall('RPUSH', KEYS[2], payload)
    elseif set_of[kind] then
      local member = ARGV[new] == '' and payload or ARGV[new]
      put = redis.pcall('ZADD', set_of[kind], ARGV[new + 1], member)
    end
    if type(put) == 'table' then
      redis.call('LPUSH', KEYS[1], payload)
      settled[i], refusal = -1, put.err
    elseif kind == 'a' then succeeded = succeeded + 1
    elseif kind == 'e' then expired = expired + 1
    elseif kind ~= 'q' and kind ~= 'b' and kind ~= 's' then failed = failed + 1 end
    buries = buries or settled[i] == 1 and set_of[kind] == KEYS[6]
  end
  if set_of[kind] then new = new + 2 end
end

-- Whatever such a key holds, it stands in no job's way (pcall).
for i = 15, #KEYS do
  local command, last = ARGV[new + 2], new + 1 + ARGV[new + 1]
  if settled[tonumber(ARGV[new])] == 1 then
    if command ~= 'RELEASE' then redis.pcall(command, KEYS[i], unpack(ARGV, new + 3, last))
    elseif redis.pcall('GET', KEYS[i]) == ARGV[last] then redis.pcall('DEL', KEYS[i]) end
  end
  new = last + 1
end

-- At most 1000 at a time, so that a lowered limit does not hold up the server.
local trimmed = 0
if buries then
  local many = redis.call('ZCARD', KEYS[6]) - tonumber(ARGV[6])
  local old = redis.call('ZCOUNT', KEYS[6], '-inf', ARGV[5])
  local excess = math.min(math.max(many, old), 1000)
  if excess > 0 then trimmed = redis.call('ZREMRANGEBYRANK', KEYS[6], 0, excess - 1) end
end

-- A counter that holds something else must not stop the jobs: reading it tells (pcall).
local function count(first, runs)
  if runs == 0 then return end
  for i = first, first + 4, 2 do redis.pcall('INCRBY', KEYS[i], runs) end
  redis.call('EXPIRE', KEYS[first + 4], ARGV[7])
end
count(7, succeeded + (ARGV[8] == '1' and failed or 0))
count(8, failed)
if expired > 0 then redis.pcall('INCRBY', KEYS[14], expired) end

local fetched, bytes, most_bytes = {}, 0, tonumber(ARGV[4])
local status = (ours or fetch == 0) and 'OK' or 'FENCED'

-- Moves the oldest jobs that wait, and returns them in this order, or the refusal: one alone, or many in one step.
local function move(many)
  if many == 1 then
    local payload = redis.pcall('LMOVE', KEYS[2], KEYS[1], 'RIGHT', 'LEFT')
    return type(payload) == 'table' and payload or {payload or nil}
  end
  local page, total, oldest = {}, bytes, redis.pcall('LRANGE', KEYS[2], -many, -1)
  if oldest.err then return oldest end
  while #page < #oldest and total < most_bytes do
    page[#page + 1] = oldest[#oldest - #page]
    total = total + #page[#page]
  end
  if #page == 0 then return page end
  local put = redis.pcall('LPUSH', KEYS[1], unpack(page))
  if type(put) == 'table' then return put end
  local cut = redis.pcall('LTRIM', KEYS[2], 0, -1 - #page)
  if not cut.err then return page end
  for i = 1, #page do redis.call('LREM', KEYS[1], 1, page[i]) end  -- this user may not trim: each is where it was
  return cut
end

-- The first comes alone: LMOVE is refused where any move would be. It tells how many behind it may be read if all are as
-- long; as many as that are moved at once.
local page = status == 'OK' and math.min(fetch, 1) or 0
while page > 0 do
  local moved = move(page)
  if moved.err and #kinds + #fetched == 0 then return moved end
  status = moved.err or 'OK'
  for i = 1, #moved do
    fetched[#fetched + 1] = moved[i]
    bytes = bytes + #moved[i]
  end
  if #moved < page then break end
  page = math.min(fetch - #fetched, 1000, math.ceil((most_bytes - bytes) / #fetched[#fetched]))
end
if #fetched > 0 then redis.call('SADD', KEYS[4], ARGV[2]) end
return {status, settled, fetched, trimmed, refusal}
