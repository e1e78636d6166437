/** The part of the commit script that knows records: what a call has read of them, and what its units changed, until it is written. */

export const RECORDS = `-- What is known of hashes, by key and field (false: absent, a table: see \`patched\`), and which of it is to be written.
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
`
