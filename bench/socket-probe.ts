/**
 * Loaded before each measured server that runs on Node, whosever it is. It counts reads from sockets, and turns of the event loop
 * that had any: servers are faster where a turn finds many sockets ready. It costs a read one more call, and a turn with reads one
 * immediate. A turn without reads costs nothing.
 *
 * Asked on its descriptor, with any byte, it answers with a line of JSON.
 */

import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { PROBE_FD, type SocketCounts } from './socket-counts.js'

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

const channel = new Socket({ fd: PROBE_FD })
channel.on('data', () => channel.write(`${JSON.stringify({ reads, turns } satisfies SocketCounts)}\n`))
channel.on('error', () => {}) // the bench has ended
channel.unref()
