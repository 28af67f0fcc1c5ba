-- Holds units under many ids, each once, each decided as `reserve.lua` would, in their order. KEYS: the stocks, each
-- once. ARGV: of each group of neighbours that differ by their id alone the place of its stock in KEYS, the quantity,
-- the seconds of the hold, and the reservations' keys, 18 bytes each. Answers each stock as it was before (empty where
-- there is none), then a letter for each id: D done, R done before, I not enough, X the id was used for something
-- else, U no such stock.
local call = redis.call
-- At most so many arguments a call: Lua's stack has room for 8,000.
local CHUNK = 6000
local BYTES = 18
local now = call('TIME')[1]
local answer, lefts = {}, {}
for first = 1, #KEYS, CHUNK do
  local stored = call('MGET', unpack(KEYS, first, math.min(first + CHUNK - 1, #KEYS)))
  for i, units in ipairs(stored) do
    answer[first + i - 1] = units or ''
    lefts[first + i - 1] = tonumber(units or nil)
  end
end
local codes, n, due = {}, 0, {}

local function fall_due(deadline, id)
  local ids = due[deadline]
  if not ids then
    ids = {}
    due[deadline] = ids
  end
  ids[#ids + 1] = id
end

-- One id by itself.
local function decide(at, place, quantity, body, deadline, id)
  local was
  if lefts[place] >= quantity then
    if call('SETNX', id, 'h' .. deadline .. body) == 1 then
      lefts[place] = lefts[place] - quantity
      fall_due(deadline, id)
      codes[at] = 'D'
      return
    end
    was = call('GET', id)
  else
    was = call('GET', id)
    if not was then
      codes[at] = 'I'
      return
    end
  end
  codes[at] = was:sub(12) == body and 'R' or 'X'
end

-- Nearly always every id is new and there is enough: such ids wait here, their units taken already, for one call that
-- stores all of them or, if any is there already, none.
local pairs_waiting, filled, waiting, seen = {}, 0, {}, {}
local function store()
  if filled == 0 then return end
  if call('MSETNX', unpack(pairs_waiting, 1, filled)) == 1 then
    for _, w in ipairs(waiting) do
      for at = w.at, w.last do
        fall_due(w.deadline, pairs_waiting[w.pair + 2 * (at - w.at)])
        codes[at] = 'D'
      end
    end
  else
    for _, w in ipairs(waiting) do
      lefts[w.place] = lefts[w.place] + w.quantity * (w.last - w.at + 1)
    end
    for _, w in ipairs(waiting) do
      for at = w.at, w.last do
        decide(at, w.place, w.quantity, w.body, w.deadline, pairs_waiting[w.pair + 2 * (at - w.at)])
      end
    end
  end
  filled, waiting, seen = 0, {}, {}
end

for group = 1, #ARGV, 4 do
  local place, quantity, ids = tonumber(ARGV[group]), tonumber(ARGV[group + 1]), ARGV[group + 3]
  local count = #ids / BYTES
  if lefts[place] then
    local body = ARGV[group + 1] .. ':' .. ARGV[group + 2] .. ':' .. KEYS[place]:sub(3)
    local deadline = now + ARGV[group + 2]
    local value = 'h' .. deadline .. body
    -- What waits may turn out to be there already, and leave more.
    if lefts[place] < quantity * count then store() end
    local w
    for first = 1, #ids, BYTES do
      local id = ids:sub(first, first + BYTES - 1)
      n = n + 1
      if seen[id] or filled >= CHUNK then
        store()
        w = nil
      end
      if lefts[place] >= quantity then
        if not w then
          w = { at = n, place = place, quantity = quantity, body = body, deadline = deadline, pair = filled + 1 }
          waiting[#waiting + 1] = w
        end
        w.last = n
        pairs_waiting[filled + 1], pairs_waiting[filled + 2] = id, value
        filled = filled + 2
        seen[id] = true
        lefts[place] = lefts[place] - quantity
      else
        store()
        w = nil
        decide(n, place, quantity, body, deadline, id)
      end
    end
  else
    for _ = 1, count do
      n = n + 1
      codes[n] = 'U'
    end
  end
end
store()

local stocks, m = {}, 0
for place, stock in ipairs(KEYS) do
  if lefts[place] and lefts[place] ~= tonumber(answer[place]) then
    stocks[m + 1], stocks[m + 2] = stock, lefts[place]
    m = m + 2
  end
  if m >= CHUNK or place == #KEYS and m > 0 then
    call('MSET', unpack(stocks, 1, m))
    m = 0
  end
end
for deadline, ids in pairs(due) do call('RPUSH', 'due:' .. deadline, table.concat(ids)) end
answer[#KEYS + 1] = table.concat(codes)
return answer
