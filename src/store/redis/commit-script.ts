/**
 * The script that commits units: while nodes run, nothing else writes the store's data. It judges each unit alone against the result of the ones
 * before it, on copies of what it read, and writes what they changed at the end. So a call that fails has written nothing, unless it fails
 * in the writing itself.
 *
 *   KEYS    the meta key, then every key that a unit reads or writes (units.ts numbers them)
 *   ARGV    1: the store's id   2: the highest epoch that this node has seen of the scope   3: the units, packed
 *           4: given if a new epoch is to begin
 *   reply   packed: { status, epoch, the result of each unit … }
 *
 *   status  0 judged · 1 the epoch is another one than this node knows, or was raised, because this Redis has another history than the
 *           data: nothing else was done · 2 the scope's meta data are missing, or another store's
 *   result  0, and for each append: from, version, { routes … } or 0 · 1, expectation, current stamp
 *           2, replacement, current stamp or '' · 3 · 4, append, the log's head
 *
 * Units and reply are one flat list each, for Lua makes a list of many values faster than many lists. Units are their number, then of each:
 *   expectations  their number, then of each: key, name, stamp
 *   puts          their number, then of each: records, index of names (0: none), name, form, value
 *                 form 0: removed   1: value is stamp and bytes   2: a patch (see `patched`)
 *   appends       their number, then of each: form, records, logs, a, b, text, bytes
 *                 form 0: a stream a, bytes the entry (layout.ts)
 *                 form 1: a stream a, b the begin of the entry, text the field of the conversation's newest version, bytes the rest
 *                 form 2: a entries, b versions, text the compaction key, bytes the entry
 *   rest          the number of its values (mostly 0), then of each kind their number and these values; before the routes, 1 + epoch (0: any):
 *   replacement   records, stream, entries, versions, version, expected stamp, stamp, bytes
 *   trim          records, stream, entries, versions, version, count (0: all)
 *   drop          entries, versions, key
 *   given         the number of an append, from 0, and the version that it names; in the order of the appends
 *   route         records, node, lifetime in ms (0: it is dropped)
 *
 * Redis writes numbers in Lua with 14 digits, so ids are formatted here, and stamps are compared as bytes.
 */

import { EPOCH_JUMP, PASSING_KEYS } from '../types.js'
import { RECORDS } from './records-script.js'

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

${RECORDS}
-- Names that are put into an index or taken out at the end, by key: whether they are there then.
local listed = {}
local function list(key, name, isThere)
  local names = listed[key]
  if not names then names = {} listed[key] = names end
  names[name] = isThere
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

-- Lists that are given to one command and then used for the next: as many of their values count as are said with them.
local some, others = {}, {}
local function callEach(command, key, list, length)
  for from = 1, length, 4000 do call(command, KEYS[key], spread(list, from, math.min(from + 3999, length))) end
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
    local fields, sets, removed = known[key], 0, 0
    for name in pairs(changed[key]) do
      local value = whole(fields, name)
      if value then
        some[sets + 1], some[sets + 2] = name, value
        sets = sets + 2
      else
        removed = removed + 1
        others[removed] = name
      end
    end
    callEach('HSET', key, some, sets)
    callEach('HDEL', key, others, removed)
  end
  for key, names in pairs(listed) do
    local more, fewer = 0, 0
    for name, isThere in pairs(names) do
      if isThere then
        some[more + 1], some[more + 2] = '0', name
        more = more + 2
      else
        fewer = fewer + 1
        others[fewer] = name
      end
    end
    callEach('ZADD', key, some, more)
    callEach('ZREM', key, others, fewer)
  end
  for i = 1, addedTo, 3 do call('XADD', KEYS[added[i]], format('%d-0', added[i + 1]), 'e', added[i + 2]) end
  for i = 1, #queue do call(spread(queue[i])) end
  changed, order, listed, queue, addedTo = {}, {}, {}, {}, 0
end

-- The parts of an entry: conversation or nil, the link to the entry before, and where the bytes begin.
local function parts(entry)
  local length = read('<H', entry)
  if length == 0 then return nil, 0, 3 end
  return sub(entry, 3, 2 + length), read('<d', entry, 3 + length), 11 + length
end

local function streamed(stream, version)
  local id = format('%d-0', version)
  local found = call('XRANGE', KEYS[stream], id, id)[1]
  return found and found[2][2]
end

-- The field and the value of an entry that is not in the stream.
local function apart(entries, versions, version)
  local at = format('%.0f', version)
  local name = call('ZRANGEBYSCORE', KEYS[versions], at, at)[1]
  if name then return name, call('HGET', KEYS[entries], name) end
end

local function replace(i)
  local records, stream, entries, versions, version = spread(units, i, i + 4)
  local stamp, bytes = units[i + 6], units[i + 7]
  local name, value = apart(entries, versions, version)
  local entry
  if name then
    entry = sub(value, 17)
  else
    entry = streamed(stream, version)
    name = format('v%.0f', version)
    call('XDEL', KEYS[stream], format('%d-0', version))
    call('ZADD', KEYS[versions], format('%.0f', version), name)
    local l = log(records)
    l[4] = l[4] + 1
    l[6] = true
  end
  local _, _, from = parts(entry)
  call('HSET', KEYS[entries], name, stamp .. pack('<d', version) .. sub(entry, 1, from - 1) .. bytes)
end

-- Gives what stands apart from a version on and a trim removes, in order: version and name.
local function trimmable(versions, from, upTo)
  local page, at, ended = {}, 1, false
  return function()
    while true do
      if at > #page then
        if ended then return end
        page = call('ZRANGEBYSCORE', KEYS[versions], format('%.0f', from), format('%.0f', upTo), 'WITHSCORES', 'LIMIT', '0', '100')
        if #page < 200 then ended = true else from = tonumber(page[200]) + 1 end
        at = 1
        if ended and #page == 0 then return end
      end
      local name, version = page[at], tonumber(page[at + 1])
      at = at + 2
      if sub(name, 1, 1) == 'v' or find(name, 'k${PASSING_KEYS}', 1, true) == 1 then return version, name end
    end
  end
end

-- Removes entries without a key or with a passing one, the oldest first.
local function trim(i)
  local records, stream, entries, versions, upTo, left = spread(units, i, i + 5)
  if left == 0 then left = math.huge end
  local l = log(records)
  local nextApart = trimmable(versions, l[2] + 1, upTo)
  local aVersion, aName = nextApart()
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
    while left > 0 and aVersion and aVersion < before do
      gone(aVersion, sub(call('HGET', KEYS[entries], aName), 17))
      call('HDEL', KEYS[entries], aName)
      call('ZREM', KEYS[versions], aName)
      if sub(aName, 1, 1) == 'v' then l[4] = l[4] - 1 end
      aVersion, aName = nextApart()
    end
  end
  local last = 0
  while left > 0 do
    local page = call('XRANGE', KEYS[stream], format('%d-0', last + 1), format('%d-0', upTo), 'COUNT', '100')
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
  if last > 0 then call('XTRIM', KEYS[stream], 'MINID', '=', format('%d-0', last + 1)) end
  if floor > 0 then
    l[2] = floor
    l[6] = true
  end
end

-- The versions that an entry of this epoch skips. It jumps once for each missed epoch: in each of them versions may have been given out and lost.
local function jump(l) return ${EPOCH_JUMP} * math.max(0, epoch - l[3]) end

-- Appends an entry, under the version that it names if it names one.
local function append(i, given)
  local form, records, logs, key, other, text, bytes = spread(units, i, i + 6)
  local l = log(records)
  local from = l[1]
  if from == 0 then later('ZADD', KEYS[logs], '0', sub(KEYS[records], find(KEYS[records], '}r/', 1, true) + 3)) end
  local skipped = jump(l)
  if skipped > 0 and not given then l[5] = l[5] .. pack('<dd', from, from + skipped) end
  l[3] = math.max(epoch, l[3])
  local version = given or from + skipped + 1
  l[1] = version
  l[6] = true
  if form == 2 then
    local name = 'k' .. text
    later('HSET', KEYS[key], name, NEVER .. pack('<d', version) .. bytes)
    later('ZADD', KEYS[other], format('%d', version), name)
  else
    if form == 1 then
      bytes = other .. (field(records, text) or NEVER) .. bytes
      set(records, text, pack('<d', version))
    end
    added[addedTo + 1], added[addedTo + 2], added[addedTo + 3] = key, version, bytes
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

-- The nodes of these routes, by the key of the records; 0: none.
local routedTo = {}
local function nodesOf(records)
  local nodes = routedTo[records]
  if nodes == nil then
    local found = routesOf(records)
    nodes = #found > 0 and {} or 0
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

local reply = { 0, epoch }
local replied = 2
local function say(a, b, c)
  reply[replied + 1], reply[replied + 2], reply[replied + 3] = a, b, c
  replied = replied + (c and 3 or 1)
end

-- Judges the unit at a place. Gives the place of its puts if it may be applied; else its result is told.
local function judge(at)
  local last = at + 3 * units[at]
  for i = at + 1, last, 3 do
    local value, expected = field(units[i], units[i + 1]), units[i + 2]
    local stamp = expected
    if not value then stamp = NEVER
    elseif type(value) == 'table' then stamp = value[1]
    elseif find(value, expected, 1, true) ~= 1 then stamp = sub(value, 1, 8) end
    if stamp ~= expected then return say(1, (i - at - 1) / 3, stamp) end
  end
  return last + 1
end

-- The places of the kinds in the rest of a unit, each that of the number of its members; then the epoch.
local function places(rest)
  local trims = rest + 1 + 8 * units[rest]
  local drops = trims + 1 + 6 * units[trims]
  local given = drops + 1 + 3 * units[drops]
  local expected = given + 1 + 2 * units[given]
  return trims, drops, given, units[expected], expected + 1
end

-- The versions that appends name, by the numbers of those.
local function versionsOf(given)
  local versions = {}
  for i = given + 1, given + 2 * units[given], 2 do versions[units[i]] = units[i + 1] end
  return versions
end

-- Judges the versions that appends name, each behind the appends before it.
local function judgeOrder(appends, given)
  local versions, heads = versionsOf(given), {}
  for n = 0, units[appends] - 1 do
    local records, version = units[appends + 2 + 7 * n], versions[n]
    local l = log(records)
    local head = heads[records] or l[1]
    if version and version <= head then return say(4, n, head) end
    heads[records] = version or head + (heads[records] and 0 or jump(l)) + 1
  end
  return true
end

local function judgeRest(appends, rest)
  local _, _, given, expected = places(rest)
  if units[rest] > 0 then flush() end
  for n = 0, units[rest] - 1 do
    local i = rest + 1 + 8 * n
    local _, value = apart(units[i + 2], units[i + 3], units[i + 4])
    local stamp = value and sub(value, 1, 8) or (streamed(units[i + 1], units[i + 4]) and NEVER) or ''
    if stamp ~= units[i + 5] then return say(2, n, stamp) end
  end
  if units[given] > 0 and not judgeOrder(appends, given) then return end
  if expected > 0 and expected ~= epoch + 1 then return say(3) end
  return true
end

-- Gives the versions that appends name.
local function applyRest(rest)
  local trims, drops, given, _, routes = places(rest)
  if units[rest] + units[trims] > 0 then flush() end
  for i = rest + 1, rest + 8 * units[rest], 8 do replace(i) end
  for i = trims + 1, trims + 6 * units[trims], 6 do trim(i) end
  for i = drops + 1, drops + 3 * units[drops], 3 do
    later('HDEL', KEYS[units[i]], 'k' .. units[i + 2])
    later('ZREM', KEYS[units[i + 1]], 'k' .. units[i + 2])
  end
  for i = routes + 1, routes + 3 * units[routes], 3 do route(units[i], units[i + 1], units[i + 2]) end
  return versionsOf(given)
end

local function apply(puts, appends, rest)
  for i = puts + 1, appends - 1, 5 do
    local key, index, name, form, value = spread(units, i, i + 4)
    if index > 0 then list(index, name, form > 0) end
    if form == 0 then set(key, name, false)
    elseif form == 1 then set(key, name, value)
    else set(key, name, patched(key, name, value)) end
  end
  local given = units[rest] > 0 and applyRest(rest + 1)
  replied = replied + 1
  reply[replied] = 0
  for i = appends + 1, rest - 1, 7 do
    local from, version = append(i, given and given[(i - appends - 1) / 7])
    say(from, version, nodesOf(units[i + 1]))
  end
end

-- Everything that will be looked at is read at once: one call for each hash. Gives the places of the units.
local function prefetch()
  local wanted, keys, grown, starts, at = {}, {}, {}, {}, 2
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
  for u = 1, units[1] do
    starts[u] = at
    local puts = at + 1 + 3 * units[at]
    for i = at + 1, puts - 1, 3 do want(units[i], units[i + 1]) end
    local appends = puts + 1 + 5 * units[puts]
    at = appends + 1 + 7 * units[appends]
    for i = appends + 1, at - 1, 7 do
      local records = units[i + 1]
      if not grown[records] then
        grown[records] = true
        want(records, LOG)
        want(records, ROUTES)
      end
      if units[i] == 1 then want(records, units[i + 5]) end
    end
    at = at + 1 + units[at]
  end
  for i = 1, #keys do
    local key = keys[i]
    local names, fields = wanted[key], known[key]
    for from = 1, #names, 4000 do
      local values = call('HMGET', KEYS[key], spread(names, from, math.min(from + 3999, #names)))
      for n = 1, #values do fields[names[from + n - 1]] = values[n] end
    end
  end
  return starts
end

local starts = prefetch()
for u = 1, units[1] do
  local puts = judge(starts[u])
  if puts then
    local appends = puts + 1 + 5 * units[puts]
    local rest = appends + 1 + 7 * units[appends]
    if units[rest] == 0 or judgeRest(appends, rest + 1) then apply(puts, appends, rest) end
  end
end
flush()
return cmsgpack.pack(reply)
`
