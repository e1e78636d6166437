/**
 * The end of a trace that a kill cut off. A call that had begun may have happened or not, and lmdb may have written what the
 * recorder could not tell any more: the folder says what became of them. Anything else that it shows was missed, and that is an
 * error.
 */

import { present } from '../../src/lib/assert.js'
import { ALL_THERE, type Disk, hashOf, type Image } from './disk.js'
import { commitCalls } from './lmdb-commit.js'
import { after, type Trace, type TraceEvent } from './trace.js'

/**
 * @param trace from the beginning of the chapter
 * @param from where the trace of the last process begins in it
 * @param found the folder as that process left it
 * @param play what a disk is after a trace
 */
export function settled(trace: Trace, from: number, found: Image, play: (trace: Trace) => Disk): Trace {
  const ended = new Set(trace.flatMap(event => (event.kind === 'end' || event.kind === 'cut off' ? [event.id] : [])))
  const cutOff = trace.slice(from).flatMap(event => (event.kind === 'begin' && !ended.has(event.id) ? [event.id] : []))
  const hash = hashOf(found)
  let missed: string[] = []
  for (let set = 0; set < 2 ** cutOff.length; set++) {
    const gone = new Set(cutOff.filter((_, i) => (set & (1 << i)) !== 0))
    const happened = trace.filter(event => event.kind === 'report' || !gone.has(event.id))
    const image = play(happened).image(ALL_THERE)
    if (hashOf(image) === hash) return happened
    missed = differences(image, found)
    const [path = ''] = missed
    if (missed.length > 1 || !/\.mdb$/.test(path)) continue
    const rest = lmdbEvents(path, present(image.get(path), path), present(found.get(path), path))
    // lmdb's thread makes one call after the other. One that it had begun had ended when it made these.
    const ended = rest.length === 0 ? [] : endsOf(happened, path, cutOff)
    return after([...happened, ...ended], rest)
  }
  throw new Error(`the trace does not tell what became of ${missed.join(', ')}`)
}

function differences(image: Image, found: Image): string[] {
  return [...new Set([...image.keys(), ...found.keys()])].filter(path => {
    const [told, there] = [image.get(path), found.get(path)]
    return told === undefined || there === undefined || (told !== there && !told?.equals(there ?? Buffer.alloc(0)))
  })
}

/** The ends of those of these calls that are to this file. */
function endsOf(trace: Trace, path: string, ids: readonly number[]): TraceEvent[] {
  return trace.flatMap((event): TraceEvent[] => {
    const isOne = event.kind === 'begin' && 'path' in event.call && event.call.path === path && ids.includes(event.id)
    return isOne ? [{ kind: 'end', id: event.id }] : []
  })
}

/** The last one has not ended. */
function lmdbEvents(path: string, before: Buffer, there: Buffer): TraceEvent[] {
  const calls = commitCalls(path, before, there, true)
  const events = calls.flatMap((call, id): TraceEvent[] => [
    { kind: 'begin', id, call },
    { kind: 'end', id },
  ])
  return events.slice(0, -1)
}
