-- Purpose: tells dashboards that a node lives and what it runs, and takes what they want it to do.
-- KEYS: 1 processes (set), 2 what the node tells of itself (hash), 3 and 4 what it runs (hashes), 5 its signals (list)
-- ARGV: 1 the node's identity, 2 seconds after which all of it expires, 3 most signals to take, or '' to drop them: they
--   were meant for a process that had the identity before, 4 '1' to write what it runs anew, 5 how many of the following
--   are its own fields and values, which follow; then those of what it runs
-- Returns: {{signals, the oldest first}, text of the error that refused the rest, or ''}
-- Why atomic: what a node runs is replaced as a whole; a dashboard never sees half of it.
-- Taking the signals first lifts a full server's refusal (OOM) of all that follows.
-- Source: sidekiq lib/sidekiq/launcher.rb, heartbeat; exq lib/exq/redis/job_stat.ex, node_ping

local signals = {}
if ARGV[3] == '' then redis.call('UNLINK', KEYS[5]) else signals = redis.call('RPOP', KEYS[5], ARGV[3]) or {} end
local refusal
local function try(reply)
  if type(reply) == 'table' and reply.err then refusal = reply.err end
end

local function put(key, first, last)
  local pairs = {}
  for i = first, last do pairs[#pairs + 1] = ARGV[i] end
  for i = 1, #pairs, 1000 do try(redis.pcall('HSET', key, unpack(pairs, i, math.min(i + 999, #pairs)))) end
end

local own = 5 + ARGV[5]
try(redis.pcall('SADD', KEYS[1], ARGV[1]))
put(KEYS[2], 6, own)
try(redis.pcall('EXPIRE', KEYS[2], ARGV[2]))
if ARGV[4] == '1' then
  try(redis.pcall('UNLINK', KEYS[3], KEYS[4]))
  if #ARGV > own then
    put(KEYS[3], own + 1, #ARGV)
    try(redis.pcall('EXPIRE', KEYS[3], ARGV[2]))
    try(redis.pcall('COPY', KEYS[3], KEYS[4]))
  end
end
return {signals, refusal or ''}
