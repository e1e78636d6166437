/**
 * The script that commits units: the only thing that writes the store's data. It judges each unit alone against the result of the ones
 * before it, on copies of what it read, and writes what they changed at the end. So a call that fails has written nothing, unless it fails
 * in the writing itself.
 *
 *   KEYS    the meta key, then every key that a unit reads or writes (units.ts numbers them)
 *   ARGV    1: the store's id   2: the highest epoch that this node has seen of the scope   3: the units, packed
 *           4: given if a new epoch is to begin
 *   reply   packed: { status, epoch, a result for each unit … }
 *
 *   status  0 judged · 1 the epoch is another one than this node knows, or was raised, because this Redis has another history than the
 *           data: nothing else was done · 2 the scope's meta data are missing, or another store's
 *   result  { 0, { from, version, … }, { routes of each append … } or nothing } · { 1, expectation, current stamp }
 *           { 2, replacement, current stamp or '' } · { 3 }
 *
 * A unit is { expectations, puts, appends, rest or nothing }, each a flat list:
 *   expectation   key, name, stamp
 *   put           records, index of names (0: none), name, form, value
 *                 form 0: removed   1: value is stamp and bytes   2: a patch (see `patched`)
 *   append        form, records, logs, a, b, text, bytes     form 0: a stream      1: a stream, text the conversation
 *                                                            form 2: a entries, b versions, text the compaction key
 *                                                            the bytes of 0 and 2 are a whole entry (layout.ts)
 *   rest          replacements, trims, drops, 1 + epoch (0: any), routes, likewise:
 *   replacement   records, stream, entries, versions, version, expected stamp, stamp, bytes
 *   trim          records, stream, entries, versions, version, count (0: all)
 *   drop          entries, versions, key
 *   route         records, node, lifetime in ms (0: it is dropped)
 *
 * Redis writes numbers in Lua with 14 digits, so ids are formatted here, and stamps are compared as bytes.
 */

import { EPOCH_JUMP } from '../types.js'

export const COMMIT_SCRIPT = `#!lua flags=allow-oom
local call, pack, read, spread = redis.call, struct.pack, struct.unpack, unpack
local sub, find, format, concat, rep = string.sub, string.find, string.format, table.concat, string.rep
local insert, type = table.insert, type
local KEYS, ARGV = KEYS, ARGV

local meta = call('HMGET', KEYS[1], 'id', 'epoch', 'history', 'ready')
if meta[1] ~= ARGV[1] or not meta[4] then return cmsgpack.pack({ 2, 0 }) end
local epoch, seen = tonumber(meta[2]), tonumber(ARGV[2])
local history = string.match(call('INFO', 'replication'), 'master_replid:(%x+)')
if history ~= meta[3] or seen > epoch or ARGV[4] then
  epoch = math.max(epoch, seen) + 1
  call('HSET', KEYS[1], 'epoch', format('%.0f', epoch), 'history', history)
  return cmsgpack.pack({ 1, epoch })
end
if seen < epoch then return cmsgpack.pack({ 1, epoch }) end

local NEVER = rep('\\0', 8)
local LOG, ROUTES, NEWEST = '\\0l', '\\0t', '\\0c'
local units = cmsgpack.unpack(ARGV[3])

-- What is known of hashes, by key and field (false: absent, a table: see \`patched\`), and which of it is to be written.
local known, changed, order = {}, {}, {}

local function field(key, name)
  local fields = known[key]
  if not fields then fields = {} known[key] = fields end
  local value = fields[name]
  if value == nil then
    value = call('HGET', KEYS[key], name)
    fields[name] = value
  end
  return value
end

local function set(key, name, value)
  local fields = known[key]
  if not fields then fields = {} known[key] = fields end
  fields[name] = value
  local names = changed[key]
  if not names then names = {} changed[key] = names order[#order + 1] = key end
  names[name] = true
end

-- Commands that wait until the end, in order.
local queue = {}
local function later(...) queue[#queue + 1] = { ... } end
-- Entries for streams that wait, too: key, version, entry of each. Most that a call writes are such.
local added, addedTo = {}, 0

-- Logs, by the key of the records: { head, floor, epoch, replaced entries, gaps as bytes, changed }.
local logs = {}
local function log(key)
  local found = logs[key]
  if found then return found end
  local block = field(key, LOG)
  if block then
    local head, floor, age, replaced, at = read('<dddd', block)
    found = { head, floor, age, replaced, sub(block, at), false }
  else
    found = { 0, 0, 1, 0, '', false }
  end
  logs[key] = found
  return found
end

-- A record with patches that are not put in yet, so that a record of many units is copied once. A table: stamp, the record as it was, its new
-- length, then offset, length and bytes of each range, in order. No two of them overlap.
local function whole(fields, name)
  local record = fields[name]
  if type(record) ~= 'table' then return record end
  local before, length, done, parts, n = record[2], record[3], 0, { record[1] }, 1
  for i = 4, #record, 3 do
    local offset = record[i]
    parts[n + 1] = sub(before, done + 9, offset + 8)
    parts[n + 2] = record[i + 2]
    n = n + 2
    done = offset + record[i + 1]
  end
  parts[n + 1] = sub(before, done + 9, length + 8)
  local value = concat(parts)
  fields[name] = value
  return value
end

-- Puts a range into such a record. Gives nothing if it overlaps another one in part.
local function ranged(record, offset, size, bytes)
  local i = 4
  while record[i] and record[i] < offset do
    if record[i] + record[i + 1] > offset then return end
    i = i + 3
  end
  local next = record[i]
  if next == offset and record[i + 1] == size then
    record[i + 2] = bytes
    return true
  end
  if next and next < offset + size then return end
  insert(record, i, bytes)
  insert(record, i, size)
  insert(record, i, offset)
  return true
end

-- A patch: stamp, new length, the number of ranges, offset and length of each, the bytes of all.
local function patched(key, name, patch)
  local before = field(key, name) or ''
  local fields = known[key]
  local length, count, at = read('<II', patch, 9)
  local record = before
  if type(record) ~= 'table' or length < record[3] then record = { '', whole(fields, name) or '', 0 } end
  record[1], record[3] = sub(patch, 1, 8), length
  local bytes = at + 8 * count
  for _ = 1, count do
    local offset, size
    offset, size, at = read('<II', patch, at)
    local range = sub(patch, bytes, bytes + size - 1)
    if size > 0 and not ranged(record, offset, size, range) then
      fields[name] = record
      record = { record[1], whole(fields, name), length, offset, size, range }
    end
    bytes = bytes + size
  end
  return record
end

local function flush()
  for key, l in pairs(logs) do
    if l[6] then
      set(key, LOG, pack('<dddd', l[1], l[2], l[3], l[4]) .. l[5])
      l[6] = false
    end
  end
  for i = 1, #order do
    local key = order[i]
    local fields, sets, removed = known[key], {}, {}
    for name in pairs(changed[key]) do
      local value = whole(fields, name)
      if value then
        sets[#sets + 1] = name
        sets[#sets + 1] = value
      else
        removed[#removed + 1] = name
      end
    end
    for at = 1, #sets, 4000 do call('HSET', KEYS[key], spread(sets, at, math.min(at + 3999, #sets))) end
    for at = 1, #removed, 4000 do call('HDEL', KEYS[key], spread(removed, at, math.min(at + 3999, #removed))) end
  end
  for i = 1, addedTo, 3 do call('XADD', KEYS[added[i]], format('%.0f-0', added[i + 1]), 'e', added[i + 2]) end
  for i = 1, #queue do call(spread(queue[i])) end
  changed, order, queue, addedTo = {}, {}, {}, 0
end

-- The parts of an entry: conversation or nil, the link to the entry before, and where the bytes begin.
local function parts(entry)
  local length = read('<H', entry)
  if length == 0 then return nil, 0, 3 end
  return sub(entry, 3, 2 + length), read('<d', entry, 3 + length), 11 + length
end

local function streamed(stream, version)
  local id = format('%.0f-0', version)
  local found = call('XRANGE', KEYS[stream], id, id)[1]
  return found and found[2][2]
end

-- The field and the value of an entry that is not in the stream.
local function apart(entries, versions, version)
  local at = format('%.0f', version)
  local name = call('ZRANGEBYSCORE', KEYS[versions], at, at)[1]
  if name then return name, call('HGET', KEYS[entries], name) end
end

local function replace(r, i)
  local records, stream, entries, versions, version, stamp, bytes = r[i], r[i + 1], r[i + 2], r[i + 3], r[i + 4], r[i + 6], r[i + 7]
  local name, value = apart(entries, versions, version)
  local entry
  if name then
    entry = sub(value, 17)
  else
    entry = streamed(stream, version)
    name = format('v%.0f', version)
    call('XDEL', KEYS[stream], format('%.0f-0', version))
    call('ZADD', KEYS[versions], format('%.0f', version), name)
    local l = log(records)
    l[4] = l[4] + 1
    l[6] = true
  end
  local _, _, from = parts(entry)
  call('HSET', KEYS[entries], name, stamp .. pack('<d', version) .. sub(entry, 1, from - 1) .. bytes)
end

-- Removes entries without a key, the oldest first.
local function trim(t, i)
  local records, stream, entries, versions, upTo, left = t[i], t[i + 1], t[i + 2], t[i + 3], t[i + 4], t[i + 5]
  if left == 0 then left = math.huge end
  local l = log(records)
  local replaced, at = {}, 1
  if l[4] > 0 then
    local found = call('ZRANGEBYSCORE', KEYS[versions], '-inf', format('%.0f', upTo), 'WITHSCORES')
    for n = 1, #found, 2 do
      if sub(found[n], 1, 1) == 'v' then replaced[#replaced + 1] = { tonumber(found[n + 1]), found[n] } end
    end
  end
  local floor = 0
  local function gone(version, entry)
    floor = version
    left = left - 1
    local conversation = parts(entry)
    if conversation then
      local newest = field(records, NEWEST .. conversation)
      if newest and read('<d', newest) == version then set(records, NEWEST .. conversation, false) end
    end
  end
  local function goneApart(before)
    while left > 0 and replaced[at] and replaced[at][1] < before do
      local version, name = replaced[at][1], replaced[at][2]
      gone(version, sub(call('HGET', KEYS[entries], name), 17))
      call('HDEL', KEYS[entries], name)
      call('ZREM', KEYS[versions], name)
      l[4] = l[4] - 1
      at = at + 1
    end
  end
  local last = 0
  while left > 0 do
    local page = call('XRANGE', KEYS[stream], format('%.0f-0', last + 1), format('%.0f-0', upTo), 'COUNT', '100')
    for n = 1, #page do
      local version = tonumber(string.match(page[n][1], '^%d+'))
      goneApart(version)
      if left <= 0 then break end
      gone(version, page[n][2][2])
      last = version
    end
    if #page < 100 then break end
  end
  goneApart(math.huge)
  if last > 0 then call('XTRIM', KEYS[stream], 'MINID', '=', format('%.0f-0', last + 1)) end
  if floor > 0 then
    l[2] = floor
    l[6] = true
  end
end

local function append(a, i)
  local form, records = a[i], a[i + 1]
  local l = log(records)
  local from = l[1]
  if l[1] == 0 then later('ZADD', KEYS[a[i + 2]], '0', sub(KEYS[records], find(KEYS[records], '}r/', 1, true) + 3)) end
  if l[3] < epoch then
    -- It jumps once for each missed epoch: in each of them versions may have been given out and lost.
    local upTo = from + ${EPOCH_JUMP} * (epoch - l[3])
    l[5] = l[5] .. pack('<dd', from, upTo)
    l[1] = upTo
    l[3] = epoch
  end
  local version = l[1] + 1
  l[1] = version
  l[6] = true
  local key, text, bytes = a[i + 3], a[i + 5], a[i + 6]
  if form == 2 then
    local name = 'k' .. text
    later('HSET', KEYS[key], name, NEVER .. pack('<d', version) .. bytes)
    later('ZADD', KEYS[a[i + 4]], format('%.0f', version), name)
  else
    local entry = bytes
    if form == 1 then
      local before = field(records, NEWEST .. text)
      entry = pack('<H', #text) .. text .. (before or NEVER) .. bytes
      set(records, NEWEST .. text, pack('<d', version))
    end
    added[addedTo + 1], added[addedTo + 2], added[addedTo + 3] = key, version, entry
    addedTo = addedTo + 3
  end
  return from, version
end

local nowMs
local function now()
  if not nowMs then
    local time = call('TIME')
    nowMs = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
  end
  return nowMs
end

-- The routes of an actor that hold, as { node, until … }.
local function routesOf(records)
  local list, found = field(records, ROUTES), {}
  if not list then return found end
  local at = 1
  while at <= #list do
    local untilMs, node
    untilMs, node, at = read('<dBc0', list, at)
    if untilMs > now() then
      found[#found + 1] = node
      found[#found + 1] = untilMs
    end
  end
  return found
end

-- The nodes of these routes, by the key of the records; false: none.
local routedTo = {}
local function nodesOf(records)
  local nodes = routedTo[records]
  if nodes == nil then
    local found = routesOf(records)
    nodes = #found > 0 and {}
    for i = 1, #found, 2 do nodes[(i + 1) / 2] = found[i] end
    routedTo[records] = nodes
  end
  return nodes
end

local function route(records, node, lifetimeMs)
  local list, found = {}, routesOf(records)
  for i = 1, #found, 2 do
    if found[i] ~= node then list[#list + 1] = pack('<dBc0', found[i + 1], #found[i], found[i]) end
  end
  if lifetimeMs > 0 then list[#list + 1] = pack('<dBc0', now() + lifetimeMs, #node, node) end
  set(records, ROUTES, #list > 0 and concat(list))
  routedTo[records] = nil
end

local function judge(unit)
  local expect, rest = unit[1], unit[4]
  for i = 1, #expect, 3 do
    local value, expected = field(expect[i], expect[i + 1]), expect[i + 2]
    local stamp = expected
    if not value then stamp = NEVER
    elseif type(value) == 'table' then stamp = value[1]
    elseif find(value, expected, 1, true) ~= 1 then stamp = sub(value, 1, 8) end
    if stamp ~= expected then return { 1, (i - 1) / 3, stamp } end
  end
  if rest then
    local replaces = rest[1]
    if #replaces > 0 then flush() end
    for i = 1, #replaces, 8 do
      local _, value = apart(replaces[i + 2], replaces[i + 3], replaces[i + 4])
      local stamp = value and sub(value, 1, 8) or (streamed(replaces[i + 1], replaces[i + 4]) and NEVER) or ''
      if stamp ~= replaces[i + 5] then return { 2, (i - 1) / 8, stamp } end
    end
    if rest[4] > 0 and rest[4] ~= epoch + 1 then return { 3 } end
  end
end

local function apply(unit)
  local puts, appends, rest = unit[2], unit[3], unit[4]
  for i = 1, #puts, 5 do
    local key, index, name, form, value = puts[i], puts[i + 1], puts[i + 2], puts[i + 3], puts[i + 4]
    if index > 0 then
      if form == 0 then later('ZREM', KEYS[index], name) else later('ZADD', KEYS[index], '0', name) end
    end
    if form == 0 then set(key, name, false)
    elseif form == 1 then set(key, name, value)
    else set(key, name, patched(key, name, value)) end
  end
  if rest then
    local replaces, trims, drops, routes = rest[1], rest[2], rest[3], rest[5]
    if #replaces + #trims > 0 then flush() end
    for n = 1, #replaces, 8 do replace(replaces, n) end
    for n = 1, #trims, 6 do trim(trims, n) end
    for n = 1, #drops, 3 do
      later('HDEL', KEYS[drops[n]], 'k' .. drops[n + 2])
      later('ZREM', KEYS[drops[n + 1]], 'k' .. drops[n + 2])
    end
    for n = 1, #routes, 3 do route(routes[n], routes[n + 1], routes[n + 2]) end
  end
  local ranges, routed = {}, nil
  for n = 1, #appends, 7 do
    local from, version = append(appends, n)
    local at = (n - 1) / 7
    ranges[2 * at + 1], ranges[2 * at + 2] = from, version
    local nodes = nodesOf(appends[n + 1])
    if nodes then
      routed = routed or {}
      routed[#routed + 1] = at
      routed[#routed + 1] = nodes
    end
  end
  return { 0, ranges, routed }
end

-- Everything that will be looked at is read at once: one call for each hash.
local function prefetch()
  local wanted, keys, grown = {}, {}, {}
  local function want(key, name)
    local fields = known[key]
    if not fields then
      fields = {}
      known[key] = fields
      wanted[key] = {}
      keys[#keys + 1] = key
    end
    if fields[name] == nil then
      fields[name] = false
      wanted[key][#wanted[key] + 1] = name
    end
  end
  for u = 1, #units do
    local expect, appends = units[u][1], units[u][3]
    for i = 1, #expect, 3 do want(expect[i], expect[i + 1]) end
    for i = 1, #appends, 7 do
      local records = appends[i + 1]
      if not grown[records] then
        grown[records] = true
        want(records, LOG)
        want(records, ROUTES)
      end
      if appends[i] == 1 then want(records, NEWEST .. appends[i + 5]) end
    end
  end
  for i = 1, #keys do
    local key = keys[i]
    local names, fields = wanted[key], known[key]
    for at = 1, #names, 4000 do
      local values = call('HMGET', KEYS[key], spread(names, at, math.min(at + 3999, #names)))
      for n = 1, #values do fields[names[at + n - 1]] = values[n] end
    end
  end
end

prefetch()
local reply = { 0, epoch }
for u = 1, #units do reply[u + 2] = judge(units[u]) or apply(units[u]) end
flush()
return cmsgpack.pack(reply)
`
