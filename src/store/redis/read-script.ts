/**
 * The script that reads logs. Each call answers one question about one log, at one moment.
 *
 *   KEYS    records, stream, entries, versions (keys.ts)
 *   ARGV    1: the question, then its numbers in decimal
 *   reply   packed
 *
 *   range   after, upTo, entries at most, bytes at most → { the log's block or '', 1 if there is more, version, bytes, … }
 *   lasting after, entries at most, bytes at most → { the log's block or '', 1 if there is more, the version up to which it is all, version, bytes, … }
 *   entries bytes at most, versions … → { stamp, entry, … }; the stamp is '' if there is no such entry
 *   chain   from, entries at most, bytes at most → { stamp, entry, … }
 *   conversations → { name, version as it is stored, … }: all of the log, in no order, because Lua compares texts by the server's locale
 *   tally   from, entries at most, bytes at most → { entries that a trim would remove, their bytes, the last version looked at }
 *
 * Entries with a key, and those that were replaced, stand apart from the stream. So each question merges the two in order of version.
 */

import { PASSING_KEYS } from '../types.js'

export const READ_SCRIPT = `#!lua flags=no-writes,allow-oom
local call, read = redis.call, struct.unpack
local sub, format = string.sub, string.format
local records, stream, entries, versions = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local function bytesAt(entry)
  local length = read('<H', entry)
  return length == 0 and 3 or 11 + length
end

local function versionOf(id) return tonumber(string.match(id, '^%d+')) end

-- Gives what of the stream follows, in the order asked for: version and entry, nothing at the end.
local function streamed(from, upTo, descending, count)
  local page, at = {}, 1
  local ended = false
  return function()
    if at > #page then
      if ended or from < 1 and descending then return end
      local first, last = format('%.0f-0', from), format('%.0f-0', upTo)
      if descending then page = call('XREVRANGE', stream, first, last, 'COUNT', count)
      else page = call('XRANGE', stream, first, last, 'COUNT', count) end
      ended = #page < count
      at = 1
      if #page == 0 then return end
      from = versionOf(page[#page][1]) + (descending and -1 or 1)
      if descending and from < upTo then ended = true end
    end
    local found = page[at]
    at = at + 1
    return versionOf(found[1]), found[2][2]
  end
end

-- Gives what stands apart, likewise: version, entry with its stamp, whether a trim would remove it.
local function apart(from, upTo, descending, count)
  local command = descending and 'ZREVRANGEBYSCORE' or 'ZRANGEBYSCORE'
  local found, at, offset = {}, 1, 0
  local ended = false
  return function()
    if at > #found then
      if ended then return end
      found = call(command, versions, format('%.0f', from), format('%.0f', upTo), 'WITHSCORES', 'LIMIT', offset, count)
      offset = offset + count
      ended = #found < 2 * count
      at = 1
      if #found == 0 then return end
    end
    local name, version = found[at], tonumber(found[at + 1])
    at = at + 2
    local isTrimmable = sub(name, 1, 1) == 'v' or string.find(name, 'k${PASSING_KEYS}', 1, true) == 1
    return version, call('HGET', entries, name), isTrimmable
  end
end

-- Says of each entry, by the length of its bytes, whether it belongs to the answer.
local function cut(entriesMax, bytesMax)
  local count, bytes = 0, 0
  return function(length)
    bytes = bytes + length
    if count == entriesMax or (bytes > bytesMax and count > 0) then return false end
    count = count + 1
    return true
  end
end

local function lengthOf(entry) return #entry - bytesAt(entry) + 1 end

local questions = {}

function questions.range(after, upTo, entriesMax, bytesMax)
  local block = call('HGET', records, '\\0l') or ''
  local found, takes = { block, 0 }, cut(entriesMax, bytesMax)
  local head = block == '' and 0 or read('<d', block)
  if upTo > head then upTo = head end
  if after < upTo then
    local page = math.min(entriesMax + 1, 64)
    local nextStreamed, nextApart = streamed(after + 1, upTo, false, page), apart(after + 1, upTo, false, page)
    local sVersion, sEntry = nextStreamed()
    local aVersion, aEntry = nextApart()
    while sVersion or aVersion do
      local version, content
      if not aVersion or (sVersion and sVersion < aVersion) then
        version, content = sVersion, sub(sEntry, bytesAt(sEntry))
        sVersion, sEntry = nextStreamed()
      else
        local entry = sub(aEntry, 17)
        version, content = aVersion, sub(entry, bytesAt(entry))
        aVersion, aEntry = nextApart()
      end
      if not takes(#content) then
        found[2] = 1
        break
      end
      found[#found + 1] = version
      found[#found + 1] = content
    end
  end
  return found
end

-- Looks at so many of what stands apart, at most: the rest is for the next call.
local LOOKED_MAX = 2048

function questions.lasting(after, entriesMax, bytesMax)
  local block = call('HGET', records, '\\0l') or ''
  local head = block == '' and 0 or read('<d', block)
  local found, takes = { block, 0, after }, cut(entriesMax, bytesMax)
  local looked = 0
  for version, entry, isTrimmable in apart(after + 1, head, false, 256) do
    local content = not isTrimmable and sub(entry, 16 + bytesAt(sub(entry, 17)))
    if looked == LOOKED_MAX or (content and not takes(#content)) then
      found[2] = 1
      break
    end
    looked = looked + 1
    if content or looked == LOOKED_MAX then found[3] = version end
    if content then
      found[#found + 1] = version
      found[#found + 1] = content
    end
  end
  if found[2] == 0 then found[3] = head end
  return found
end

local NEVER, NEWEST = string.rep('\\0', 8), '\\0c'

-- The stamp and the entry of a version, nothing if it does not exist.
local function entryAt(version)
  local id = format('%.0f-0', version)
  local found = call('XRANGE', stream, id, id)[1]
  if found then return NEVER, found[2][2] end
  local at = format('%.0f', version)
  local name = call('ZRANGEBYSCORE', versions, at, at)[1]
  if not name then return end
  local value = call('HGET', entries, name)
  return sub(value, 1, 8), sub(value, 17)
end

function questions.entries(bytesMax, ...)
  local asked, found = { ... }, {}
  local takes = cut(#asked, bytesMax)
  for i = 1, #asked do
    local stamp, entry = entryAt(asked[i])
    if stamp and not takes(lengthOf(entry)) then break end
    found[2 * i - 1], found[2 * i] = stamp or '', entry or ''
  end
  return found
end

function questions.chain(from, entriesMax, bytesMax)
  local found, takes = {}, cut(entriesMax, bytesMax)
  for i = 1, entriesMax do
    local stamp, entry = entryAt(from)
    if not stamp or not takes(lengthOf(entry)) then break end
    found[2 * i - 1], found[2 * i] = stamp, entry
    local length = read('<H', entry)
    from = length == 0 and 0 or read('<d', entry, 3 + length)
  end
  return found
end

function questions.conversations()
  local found, names = {}, {}
  for _, name in ipairs(call('HKEYS', records)) do
    if sub(name, 1, 2) == NEWEST then names[#names + 1] = name end
  end
  for from = 1, #names, 4000 do
    local to = math.min(from + 3999, #names)
    local values = call('HMGET', records, unpack(names, from, to))
    for i = from, to do found[2 * i - 1], found[2 * i] = sub(names[i], 3), values[i - from + 1] end
  end
  return found
end

function questions.tally(from, entriesMax, bytesMax)
  local trimmable, bytes, last, count = 0, 0, 0, 0
  local page = math.min(entriesMax, 64)
  local nextStreamed, nextApart = streamed(from, 1, true, page), apart(from, 1, true, page)
  local sVersion, sEntry = nextStreamed()
  local aVersion, aEntry, isTrimmable = nextApart()
  while (sVersion or aVersion) and count < entriesMax and bytes < bytesMax do
    count = count + 1
    if not aVersion or (sVersion and sVersion > aVersion) then
      last = sVersion
      trimmable = trimmable + 1
      bytes = bytes + lengthOf(sEntry)
      sVersion, sEntry = nextStreamed()
    else
      last = aVersion
      if isTrimmable then
        trimmable = trimmable + 1
        bytes = bytes + lengthOf(sub(aEntry, 17))
      end
      aVersion, aEntry, isTrimmable = nextApart()
    end
  end
  return { trimmable, bytes, last }
end

local numbers = {}
for i = 2, #ARGV do numbers[i - 1] = tonumber(ARGV[i]) end
return cmsgpack.pack(questions[ARGV[1]](unpack(numbers)))
`
