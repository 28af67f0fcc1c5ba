-- Commits or releases a whole hold, once. KEYS: the stock, the reservation. ARGV: the state after it, `c` committed or
-- `f` freed. Answers `left * 8 + code`: 0 done, 1 done before, 4 no such
-- reservation, 5 its deadline has passed, 6 it is in another state already; -1 where there is no such stock.
local left = redis.call('GET', KEYS[1])
if not left then return -1 end
left = tonumber(left)
local was = redis.call('GET', KEYS[2])
if not was then return left * 8 + 4 end
local state = was:sub(1, 1)
if state == ARGV[1] then return left * 8 + 1 end
if state ~= 'h' then return left * 8 + 6 end
if redis.call('TIME')[1] + 0 >= tonumber(was:sub(2, 11)) then return left * 8 + 5 end
redis.call('SETRANGE', KEYS[2], 0, ARGV[1])
if ARGV[1] == 'f' then left = redis.call('INCRBY', KEYS[1], was:match('^(%d+):', 12)) end
return left * 8
