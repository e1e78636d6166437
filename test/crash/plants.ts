/**
 * Bugs that are put in on purpose, to see that the explorer finds them: what the store did to its disk is told otherwise than it
 * was, or the code that reads it is changed.
 */

import { present } from '../../src/lib/assert.js'
import { DATA } from './chapter.js'
import { ALL_THERE, Disk } from './disk.js'
import type { Replacement } from './planted.js'
import { JOURNAL, type StateKind } from './states.js'
import type { Call, Trace, TraceEvent } from './trace.js'

export interface Plant {
  /** Where it shows. */
  readonly kinds: readonly StateKind[]
  /** It shows after a kill at this moment of a first process, which was to close its store. */
  readonly killAt?: (trace: Trace) => number
  /** The first process makes so many commits; absent: many. */
  readonly commits?: number
  /** @param from where the trace of the second process begins, if there was a kill */
  readonly trace?: (trace: Trace, from: number) => Trace
  readonly code?: Replacement
}

const FOLDERS_ABOVE: ReadonlySet<string> = new Set(['', 'srv'])
export const TABLES = /(^|\/)data\.mdb$/

export const PLANTS = {
  'folders above that are not synced': {
    kinds: ['lost', 'names'],
    trace: without(call => call.kind === 'sync' && FOLDERS_ABOVE.has(call.path)),
  },
  'a data folder that is not synced': {
    kinds: ['lost', 'names'],
    trace: without(call => call.kind === 'sync' && call.path === DATA),
  },
  'a commit answered before its write is synced': {
    kinds: ['lost', 'reordered', 'torn'],
    trace: changing(call => (call.kind === 'write' && JOURNAL.test(call.path) ? { ...call, synced: false } : call)),
  },
  'tables that are not synced before the journal is used again': {
    kinds: ['lost', 'reordered', 'torn'],
    trace: trace => notSynced(trace, TABLES),
  },
  'an append that rewrites the sector before it': {
    kinds: ['garbage'],
    trace: rewriting,
  },
  'a start that does not sync the names that an earlier process made': {
    kinds: ['lost', 'names'],
    killAt: trace => 1 + trace.findIndex(event => isBegin(event, call => call.kind === 'move' && TABLES.test(call.to))),
    trace: (trace, from) => startsWithout(trace, from, call => call.path === DATA),
  },
  'a start with nothing to replay that does not sync the tables': {
    kinds: ['lost', 'reordered', 'torn'],
    killAt: trace =>
      1 + trace.findLastIndex(event => isBegin(event, call => call.kind === 'write' && TABLES.test(call.path))),
    trace: (trace, from) => startsWithout(trace, from, call => TABLES.test(call.path)),
    // They stand in the file that the next process uses first.
    commits: 2,
  },
  'a first start that makes the tables in their place': {
    kinds: ['torn', 'garbage', 'zeros'],
    trace: inPlace,
  },
  'a journal that is believed up to its damage': {
    kinds: ['damaged'],
    code: {
      file: '/store/lmdb/recovery.js',
      pieces: [
        ['if (write?.changes !== undefined && write.sequence > applied)', 'if (false)'],
        ['if (last < finished)', 'if (false)'],
      ],
    },
  },
} as const satisfies Record<string, Plant>

export type PlantName = keyof typeof PLANTS

function isBegin(event: TraceEvent, is: (call: Call) => boolean): boolean {
  return event.kind === 'begin' && is(event.call)
}

/** The second process makes none of these syncs before its store is open. */
function startsWithout(trace: Trace, from: number, is: (call: Extract<Call, { kind: 'sync' }>) => boolean): Trace {
  const opened = trace.findIndex((event, i) => i >= from && event.kind === 'report')
  const start = trace.slice(from, opened)
  const kept = without(call => call.kind === 'sync' && is(call))(start)
  return [...trace.slice(0, from), ...kept, ...trace.slice(opened)]
}

/** As if `start.partial` were never made, and its file had its name from the beginning. */
function inPlace(trace: Trace): Trace {
  const partial = `${DATA}/start.partial`
  const placed = without(
    call => (call.kind === 'folder' || call.kind === 'remove' || call.kind === 'sync') && call.path === partial,
  )
  const moved = without(call => call.kind === 'move' && call.from.startsWith(partial))
  const inside = changing(call => ('path' in call ? { ...call, path: call.path.replace(partial, DATA) } : call))
  return inside(moved(placed(trace)))
}

export function without(is: (call: Call) => boolean): (trace: Trace) => Trace {
  return trace => {
    const gone = new Set(trace.flatMap(event => (event.kind === 'begin' && is(event.call) ? [event.id] : [])))
    return trace.filter(event => event.kind === 'report' || !gone.has(event.id))
  }
}

function changing(change: (call: Call) => Call): (trace: Trace) => Trace {
  return trace => trace.map(event => (event.kind === 'begin' ? { ...event, call: change(event.call) } : event))
}

/** Neither by a sync nor by synced writes. */
export function notSynced(trace: Trace, files: RegExp): Trace {
  const unsynced = changing(call =>
    call.kind === 'write' && files.test(call.path) ? { ...call, synced: false } : call,
  )
  return without(call => call.kind === 'sync' && files.test(call.path))(unsynced(trace))
}

/** Each write to a journal begins some bytes earlier, with what was there. */
function rewriting(trace: Trace): Trace {
  const disk = new Disk()
  return trace.map((event): TraceEvent => {
    const before = event.kind === 'begin' ? rewritten(event.call, disk) : undefined
    disk.step(event)
    return event.kind === 'begin' && before !== undefined ? { ...event, call: before } : event
  })
}

function rewritten(call: Call, disk: Disk): Call {
  if (call.kind !== 'write' || !call.synced || !JOURNAL.test(call.path) || call.offset < REWRITTEN_BYTES) return call
  const there = present(disk.image(ALL_THERE).get(call.path), 'the journal')
  const offset = call.offset - REWRITTEN_BYTES
  return { ...call, offset, bytes: Buffer.concat([there.subarray(offset, call.offset), call.bytes]) }
}

const REWRITTEN_BYTES = 100
