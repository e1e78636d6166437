/**
 * The yardsticks, each a bare `net` or `http` server that does nothing but move bytes of the same sizes: what is left of the
 * difference to Longwire is Longwire's. Run as a process of its own: node baseline.js <mode> <bytes in> <bytes out> <bytes on>
 *
 *   echo    for each `in` bytes `out` bytes come back
 *   http    the same over node:http: each POST is read to its end and answered with `out` bytes; `in` says nothing
 *   relay   connections come in twos, the first of two says 4 bytes of its pair's number, then the second; for each `in`
 *           bytes `out` bytes go back and `on` bytes go to the other one
 *
 * Says on descriptor 3 where it listens, like `longwire serve --ready-fd`.
 */

import { closeSync, writeSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { present } from '../src/lib/assert.js'

const READY_FD = 3
const PAIR_BYTES = 4

const [mode = 'echo', ...sizes] = process.argv.slice(2)
const [bytesIn = 1, bytesOut = 1, bytesOn = 0] = sizes.map(Number)

/** The state of one connection. It stands on the socket, since a closure for each would be memory that is not the socket's. */
interface Peer extends Socket {
  /** Bytes of a message that is not complete yet. */
  rest?: number
  pair?: number
}

const answer = Buffer.alloc(bytesOut, 1)
/** Pairs of which one has come. */
const waiting = new Map<number, Peer>()
const others = new Map<Peer, Peer>()

function onEchoData(this: Peer, chunk: Buffer): void {
  const bytes = (this.rest ?? 0) + chunk.length
  const count = Math.floor(bytes / bytesIn)
  this.rest = bytes - count * bytesIn
  if (count === 1) this.write(answer)
  else if (count > 1) this.write(Buffer.alloc(bytesOut * count, 1))
}

function onRelayData(this: Peer, chunk: Buffer): void {
  if (this.pair === undefined) {
    introduce(this, chunk.readUInt32LE(0))
    if (chunk.length > PAIR_BYTES) onRelayData.call(this, chunk.subarray(PAIR_BYTES))
    return
  }
  const bytes = (this.rest ?? 0) + chunk.length
  const count = Math.floor(bytes / bytesIn)
  this.rest = bytes - count * bytesIn
  if (count === 0) return
  this.write(count === 1 ? answer : Buffer.alloc(bytesOut * count, 1))
  const other = others.get(this)
  const message = Buffer.allocUnsafe(bytesOn * count)
  // What came is copied into what goes, as a message is.
  chunk.copy(message)
  other?.write(message)
}

function introduce(peer: Peer, pair: number): void {
  peer.pair = pair
  const other = waiting.get(pair)
  if (other === undefined) {
    waiting.set(pair, peer)
    return
  }
  waiting.delete(pair)
  others.set(peer, other)
  others.set(other, peer)
}

function onClose(this: Peer): void {
  others.delete(this)
}

function ignore(): void {}

function onRequest(request: IncomingMessage, response: ServerResponse): void {
  request.resume().on('end', () => {
    response.writeHead(200, { 'Content-Type': 'application/proto', 'Content-Length': bytesOut })
    response.end(answer)
  })
}

function onConnection(socket: Peer): void {
  socket.on('data', mode === 'relay' ? onRelayData : onEchoData)
  socket.on('error', ignore)
  if (mode === 'relay') socket.on('close', onClose)
}

const server = mode === 'http' ? createHttpServer(onRequest) : createServer({ noDelay: true }, onConnection)
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  const { port } = present(server.address(), 'the address of a listening server') as AddressInfo
  writeSync(READY_FD, `${JSON.stringify({ port })}\n`)
  closeSync(READY_FD)
})
