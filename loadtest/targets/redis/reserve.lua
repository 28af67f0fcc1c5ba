-- Holds units under an id, once. KEYS: the stock, the reservation. ARGV: quantity, seconds of the hold, the stock's
-- name. Answers `left * 8 + code`: 0 done, 1 done before, 2 not enough, 3 the id was used for something else; -1 where
-- there is no such stock.
local left = redis.call('GET', KEYS[1])
if not left then return -1 end
left = tonumber(left)
local body = ARGV[1] .. ':' .. ARGV[2] .. ':' .. ARGV[3]
local was
if left >= tonumber(ARGV[1]) then
  -- Ten digits of deadline until the year 2286: the body begins at the twelfth byte.
  local deadline = redis.call('TIME')[1] + ARGV[2]
  was = redis.call('SET', KEYS[2], 'h' .. deadline .. body, 'NX', 'GET')
  if not was then
    redis.call('RPUSH', 'due:' .. deadline, KEYS[2])
    return redis.call('DECRBY', KEYS[1], ARGV[1]) * 8
  end
else
  was = redis.call('GET', KEYS[2])
  if not was then return left * 8 + 2 end
end
if was:sub(12) == body then return left * 8 + 1 end
return left * 8 + 3
