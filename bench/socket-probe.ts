/**
 * Loaded before each measured server that runs on Node, whosever it is. It counts reads from sockets, and turns of the event loop
 * that had any: servers are faster where a turn finds many sockets ready. It costs a read one more call, and a turn with reads one
 * immediate. A turn without reads costs nothing.
 *
 * Asked on its descriptor it answers with a line of JSON.
 */

import { Socket } from 'node:net'
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { type LoopDelay, PROBE_DELAY, PROBE_FD, type ProbeAnswer } from './socket-counts.js'

const { push } = Readable.prototype
let reads = 0
let turns = 0
let isCounted = false

function turnEnds(): void {
  isCounted = false
}

Socket.prototype.push = function (this: Socket, chunk: unknown, encoding?: BufferEncoding): boolean {
  reads++
  if (!isCounted) {
    isCounted = true
    turns++
    setImmediate(turnEnds)
  }
  return push.call(this, chunk, encoding)
}

const DELAY_STEP_MS = 10
let histogram: IntervalHistogram | undefined

/** The delay since the last call: how much later than it should a timer runs. */
function loopDelay(): LoopDelay {
  histogram ??= monitorEventLoopDelay({ resolution: DELAY_STEP_MS })
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - DELAY_STEP_MS)
  const delay = { p99Ms: late(histogram.percentile(99)), maxMs: late(histogram.max) }
  histogram.reset()
  histogram.enable()
  return delay
}

const channel = new Socket({ fd: PROBE_FD })
channel.on('data', (question: Buffer) => {
  const counts = { reads, turns }
  const answer: ProbeAnswer = question.toString() === PROBE_DELAY ? { ...counts, delay: loopDelay() } : counts
  channel.write(`${JSON.stringify(answer)}\n`)
})
channel.on('error', () => {}) // the bench has ended
channel.unref()
