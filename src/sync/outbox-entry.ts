/**
 * The entries of an outbox. Their stored form is fixed: a byte that says which form it is, then a protobuf message. Fields may be
 * added later, and an older node skips them:
 *
 *   1 · source = 1 · target = 2 · number = 3 · number of the entry before = 4 · kind = 5 · payload = 6 · targets = 7, repeated
 *
 * The target is an actor, or `partition/<p>` with a list of targets of that partition; later also `region/<r>`.
 */
import { EMPTY } from '../../protocol/bytes.js'
import { readBytes, readerOf, readString, readTag, readUint64, skipField } from '../../protocol/wire-reader.js'
import { begin, finish, writeBytes, writeString, writeUint64 } from '../../protocol/wire-writer.js'
import { partitionOf } from '../store/partition.js'
import type { Actor, ScannedRecord } from '../store/types.js'
import { decodeJson } from './json.js'
import { EFFECT_BYTES_MAX, recordKind } from './record-kinds.js'
import { isBranchActor } from './references.js'
import type { RecordKind } from './types.js'

/** An effect on its way: a record of the pseudo-actor `outbox/<source's partition>`, with the id `outboxEntryId`. */
export interface OutboxEntry {
  readonly source: Actor
  readonly target: Actor
  /** The number of the effect in its pair. */
  readonly seq: number
  /**
   * The number of the pair's effect before it; 0 for the first. It lets a target tell a gap from the first effect that it ever
   * sees.
   */
  readonly before: number
  readonly kind: string
  readonly payload: Uint8Array
  /** The targets of a fan-out; empty for an effect to one actor. */
  readonly targets: readonly Actor[]
}

export const OUTBOX = 'outbox'

export const NO_TARGETS: readonly Actor[] = []

/** The most targets of one entry. A longer list takes several entries, so that no entry is large and each is soon done. */
export const ENTRY_TARGETS_MAX = 256
/** The most bytes of an entry's target names. 256 users take 6 KiB. */
export const ENTRY_TARGET_BYTES_MAX = 2 ** 13

/** The only form that is written. Older servers wrote the length of a JSON head, whose first byte is 0, and then the head. */
const FORM = 1

export const outboxEntry: RecordKind<OutboxEntry> = recordKind({
  prefix: 'entry',
  lifetime: 'work',
  bound: {
    bytesMax: EFFECT_BYTES_MAX + ENTRY_TARGET_BYTES_MAX,
    entries: { max: ENTRY_TARGETS_MAX, count: ({ targets }) => targets.length },
    grows: 'who sends to somebody of another scope, one effect each; who tells many, one per partition and 256 of them',
    many: '10 000 or 64 MiB from one partition to one scope (OUTBOX_ENTRIES_MAX, OUTBOX_BYTES_MAX)',
  },
  encode({ source, target, seq, before, kind, payload, targets }) {
    const w = begin()
    w.uint32(FORM)
    writeString(w, tagOf(1, LENGTH), source)
    writeString(w, tagOf(2, LENGTH), target)
    writeUint64(w, tagOf(3, VARINT), seq)
    writeUint64(w, tagOf(4, VARINT), before)
    writeString(w, tagOf(5, LENGTH), kind)
    writeBytes(w, tagOf(6, LENGTH), payload)
    for (const each of targets) writeString(w, tagOf(7, LENGTH), each)
    return finish(w)
  },
  decode(bytes) {
    return bytes[0] === 0 ? decodeOlder(bytes) : decode(bytes)
  },
})

const VARINT = 0
const LENGTH = 2
/** One bit for each known field. */
const KNOWN_FIELDS = 0b1111_1110

function tagOf(field: number, wireType: number): number {
  return field * 8 + wireType
}

function decode(bytes: Uint8Array): OutboxEntry {
  if (bytes[0] !== FORM) throw new Error(`an outbox entry of the unknown form ${bytes[0]}`)
  const r = readerOf(bytes)
  r.pos = 1
  let [source, target, kind] = ['', '', '']
  let [seq, before] = [0, 0]
  let payload = EMPTY
  const targets: Actor[] = []
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === tagOf(1, LENGTH)) source = readString(r, 'source', 0)
    else if (tag === tagOf(2, LENGTH)) target = readString(r, 'target', 0)
    else if (tag === tagOf(3, VARINT)) seq = readUint64(r)
    else if (tag === tagOf(4, VARINT)) before = readUint64(r)
    else if (tag === tagOf(5, LENGTH)) kind = readString(r, 'kind', 0)
    else if (tag === tagOf(6, LENGTH)) payload = readBytes(r, 'payload', 0, 0).slice()
    else if (tag === tagOf(7, LENGTH)) targets.push(readString(r, 'targets', 0))
    else skipField(r, tag, KNOWN_FIELDS, 'an outbox entry')
  }
  return { source, target, seq, before, kind, payload, targets: targets.length === 0 ? NO_TARGETS : targets }
}

/** Decodes an entry that was written before forms had numbers. */
function decodeOlder(bytes: Uint8Array): OutboxEntry {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const [source, target, seq, kind] = decodeJson<[Actor, Actor, number, string]>(bytes.subarray(4, 4 + length))
  return { source, target, seq, before: seq - 1, kind, payload: bytes.slice(4 + length), targets: NO_TARGETS }
}

/**
 * Decodes an entry that was found in an outbox. A newer node may have written it in a form that this node does not know. It then
 * gets a kind that does not exist: it is left to nodes that know it, and holds the order of its pair.
 */
export function foundEntry({ name, bytes }: ScannedRecord): OutboxEntry {
  const form = bytes[0]
  if (form === 0 || form === FORM) return outboxEntry.decode(bytes)
  // entry/<source>/<target>/<number>
  const [, ...parts] = name.split('/')
  const [source, target] = [takeActor(parts), takeActor(parts)]
  const seq = Number(parts[0])
  return { source, target, seq, before: 0, kind: `form ${form}`, payload: EMPTY, targets: NO_TARGETS }
}

/** Takes an actor from the front of a name's parts: a branch has three, any other actor two. */
function takeActor(parts: string[]): Actor {
  return parts.splice(0, isBranchActor(`${parts[0]}/`) ? 3 : 2).join('/')
}

/** The id of an entry's record. Ids sort by pair, and within the pair by number. */
export function outboxEntryId(source: Actor, target: Actor, seq: number): string {
  return `${source}/${target}/${String(seq).padStart(16, '0')}`
}

export function outboxOf(source: Actor): Actor {
  return `${OUTBOX}/${partitionOf(source)}`
}

/** The bytes that an entry counts against a bound, approximately. */
export function entryBytes({ source, target, kind, payload, targets }: OutboxEntry): number {
  let bytes = 64 + source.length + target.length + kind.length + payload.length
  for (const each of targets) bytes += each.length + 2
  return bytes
}
