-- Purpose: reads the members of a sorted set that are due by the server's clock.
-- KEYS: 1 retry or schedule (zset)
-- ARGV: 1 most members, 2 due members to skip, 3 bytes after which reading stops
-- Returns: {now as unix seconds, {due members, the earliest first}, score of the next member ('' none)}
-- Why atomic: one instant for all, and one round trip.
-- Source: verk lib/verk/schedule_manager.ex; sidekiq lib/sidekiq/scheduled.rb
-- Differs: many at once, and by the server's clock, so that the nodes' clocks don't matter.

local limit, skip, most_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = string.format('%s.%06d', time[1], time[2])

local due, bytes, page = {}, 0, {}
repeat
  page = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', skip + #due, math.min(50, limit - #due))
  for _, member in ipairs(page) do
    due[#due + 1] = member
    bytes = bytes + #member
  end
until #page == 0 or #due >= limit or bytes >= most_bytes

local following = redis.call('ZRANGE', KEYS[1], skip + #due, skip + #due, 'WITHSCORES')
return {now, due, following[2] or ''}
