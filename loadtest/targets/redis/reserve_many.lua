-- Holds units under many ids, each once, each decided as `reserve.lua` would, in their order. The ids come in groups of
-- one stock, quantity and hold. KEYS: the stock of each group. ARGV: of each group the quantity, the seconds of the
-- hold, the stock's name, and the ids, 16 bytes each. Answers the stock before each group (empty where there is none),
-- then a letter for each id: D done, R done before, I not enough, X the id was used for something else, U no such stock.
local now = redis.call('TIME')[1]
local answer, codes, n = {}, {}, 0
local due = {}
for group, stock in ipairs(KEYS) do
  local at = group * 4
  local quantity, ids = tonumber(ARGV[at - 3]), ARGV[at]
  local stored = redis.call('GET', stock)
  answer[group] = stored or ''
  if stored then
    local body = ARGV[at - 3] .. ':' .. ARGV[at - 2] .. ':' .. ARGV[at - 1]
    local deadline = now + ARGV[at - 2]
    local value = 'h' .. deadline .. body
    local before = tonumber(stored)
    local left = before
    local list = due[deadline]
    if not list then
      list = {}
      due[deadline] = list
    end
    for first = 1, #ids, 16 do
      local id = 'r:' .. ids:sub(first, first + 15)
      local was
      n = n + 1
      if left >= quantity then
        was = redis.call('SET', id, value, 'NX', 'GET')
        if not was then
          left = left - quantity
          list[#list + 1] = id
          codes[n] = 'D'
        end
      else
        was = redis.call('GET', id)
        if not was then codes[n] = 'I' end
      end
      if was then codes[n] = was:sub(12) == body and 'R' or 'X' end
    end
    if left < before then redis.call('DECRBY', stock, before - left) end
  else
    for _ = 1, #ids / 16 do
      n = n + 1
      codes[n] = 'U'
    end
  end
end
-- At most so many arguments a call: Lua's stack has room for 8,000.
local CHUNK = 4000
for deadline, list in pairs(due) do
  for first = 1, #list, CHUNK do
    redis.call('RPUSH', 'due:' .. deadline, unpack(list, first, math.min(first + CHUNK - 1, #list)))
  end
end
answer[#KEYS + 1] = table.concat(codes)
return answer
