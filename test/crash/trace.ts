/**
 * What a store did to its disk, in order: the calls that change files or sync them, each with its begin and its end, and
 * between them the reports of the workload. A call that has begun and not ended may have happened or not.
 *
 * Paths are relative to the folder that was watched, which is '' itself.
 */

import { present } from '../../src/lib/assert.js'

export type Call =
  /** A new file, empty. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'move'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string }
  /** `synced`: the bytes are durable when the call ends (O_DSYNC). */
  | {
      readonly kind: 'write'
      readonly path: string
      readonly offset: number
      readonly bytes: Buffer
      readonly synced: boolean
    }
  | { readonly kind: 'size'; readonly path: string; readonly size: number }
  /** Syncs a file's bytes and size, or the names in a folder: what ended before this began is durable when this ends. */
  | { readonly kind: 'sync'; readonly path: string }

export type TraceEvent =
  | { readonly kind: 'begin'; readonly id: number; readonly call: Call }
  | { readonly kind: 'end'; readonly id: number }
  /** Its process was killed meanwhile: what it did is there, and nothing of it is synced. */
  | { readonly kind: 'cut off'; readonly id: number }
  /** One line of the workload. */
  | { readonly kind: 'report'; readonly text: string }

export type Trace = readonly TraceEvent[]

/** Files of lmdb that are mapped, written to unseen, and made anew at each start: a crash leaves nothing in them that counts. */
export const LOCK_FILE = /(^|\/)lock\.mdb$|-lock$/

/** What a recorder writes to its file, as one line of JSON. `failed`: the call did nothing. */
export type Line =
  | { readonly at: 'begin'; readonly id: string; readonly call: LineCall }
  | { readonly at: 'end'; readonly id: string }
  | { readonly at: 'failed'; readonly id: string }
  | { readonly at: 'report'; readonly text: string }

/** A call with its bytes as base64. */
type LineCall =
  | Exclude<Call, { kind: 'write' }>
  | (Omit<Extract<Call, { kind: 'write' }>, 'bytes'> & { readonly bytes: string })

export function lineOf(call: Call): LineCall {
  return call.kind === 'write' ? { ...call, bytes: call.bytes.toString('base64') } : call
}

/** Reads a recorder's lines. Calls that failed are left out; one whose end is missing has not ended. */
export function traceOf(lines: readonly Line[]): TraceEvent[] {
  const failed = new Set(lines.map(line => (line.at === 'failed' ? line.id : '')))
  const ids = new Map<string, number>()
  const events: TraceEvent[] = []
  for (const line of lines) {
    if (line.at === 'report') events.push({ kind: 'report', text: line.text })
    else if (line.at === 'begin' && !failed.has(line.id)) {
      ids.set(line.id, ids.size)
      const { call } = line
      const whole: Call = call.kind === 'write' ? { ...call, bytes: Buffer.from(call.bytes, 'base64') } : call
      events.push({ kind: 'begin', id: ids.size - 1, call: whole })
    } else if (line.at === 'end') {
      events.push({ kind: 'end', id: present(ids.get(line.id), `the begin of ${line.id}`) })
    }
  }
  return events
}

/** The process was killed at the end of this. */
export function killedAfter(trace: Trace): TraceEvent[] {
  const done = new Set(trace.flatMap(event => (event.kind === 'end' || event.kind === 'cut off' ? [event.id] : [])))
  const begun = trace.flatMap(event => (event.kind === 'begin' && !done.has(event.id) ? [event.id] : []))
  return [...trace, ...begun.map(id => ({ kind: 'cut off', id }) as const)]
}

/** Puts a trace behind another one. */
export function after(first: Trace, second: Trace): TraceEvent[] {
  const shift = first.reduce((most, event) => (event.kind === 'report' ? most : Math.max(most, event.id + 1)), 0)
  const moved = second.map(event => (event.kind === 'report' ? event : { ...event, id: event.id + shift }))
  return [...first, ...moved]
}

export function callText(call: Call): string {
  if (call.kind === 'write') {
    return `write ${call.path} ${call.offset}+${call.bytes.length}${call.synced ? ' synced' : ''}`
  }
  if (call.kind === 'move') return `move ${call.from} to ${call.to}`
  return call.kind === 'size' ? `size ${call.path} ${call.size}` : `${call.kind} ${call.path || '.'}`
}
