/** What a kill left untold is told by the folder, in an order in which it can have happened. */
import t from 'tap'
import { Disk, type Image } from './disk.js'
import { settled } from './settle.js'
import type { Call, Trace, TraceEvent } from './trace.js'

const FILE = 'data.mdb'
const PAGE_BYTES = 4096

function pages(...letters: readonly string[]): Buffer {
  return Buffer.concat(letters.map(letter => Buffer.alloc(PAGE_BYTES, letter)))
}

const start: Image = new Map([[FILE, pages('m', 'm', 'a', 'a')]])

function play(trace: Trace): Disk {
  const disk = new Disk(start)
  for (const event of trace) disk.step(event)
  return disk
}

function told(trace: readonly TraceEvent[]): string[] {
  const calls = new Map(trace.flatMap(event => (event.kind === 'begin' ? [[event.id, event.call] as const] : [])))
  const textOf = (call: Call | undefined): string =>
    call?.kind === 'write' ? `page ${Math.floor(call.offset / PAGE_BYTES)}` : (call?.kind ?? '')
  return trace.map(event => (event.kind === 'report' ? 'report' : `${event.kind} ${textOf(calls.get(event.id))}`))
}

t.test('a call that lmdb had begun has ended when what came behind it was made', async t => {
  const call: Call = { kind: 'write', path: FILE, offset: 2 * PAGE_BYTES, bytes: pages('b'), synced: false }
  const found: Image = new Map([[FILE, pages('n', 'm', 'b', 'b')]])
  const trace = settled([{ kind: 'begin', id: 0, call }], 0, found, play)
  t.same(told(trace), [
    'begin page 2',
    'end page 2',
    'begin page 3',
    'end page 3',
    'begin sync',
    'end sync',
    'begin page 0',
  ])
  t.same(
    play(trace)
      .pending()
      .map(({ id }) => id),
    [3],
    'so the sync holds it too, and only the last one is open',
  )
})

t.test('a call that was the last one has not ended', async t => {
  const call: Call = { kind: 'write', path: FILE, offset: 2 * PAGE_BYTES, bytes: pages('b'), synced: false }
  const found: Image = new Map([[FILE, pages('m', 'm', 'b', 'a')]])
  t.same(told(settled([{ kind: 'begin', id: 0, call }], 0, found, play)), ['begin page 2'])
})
