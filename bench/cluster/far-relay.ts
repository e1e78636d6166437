/**
 * A TCP relay to a port of this machine that passes all bytes on late, in either direction half of the time: what stands between a node and a
 * Redis that is far away. Run as a process of its own: node far-relay.js <port> <ms>. Says on descriptor 3 where it listens.
 */

import { closeSync, writeSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { present } from '../../src/lib/assert.js'

const READY_FD = 3

const [to = 0, ms = 0] = process.argv.slice(2).map(Number)

/** Node's timers count whole milliseconds. */
const [thereMs, backMs] = [Math.floor(ms / 2), Math.ceil(ms / 2)]

function pass(from: Socket, onto: Socket, afterMs: number): void {
  from.setNoDelay(true)
  // Timers of one length run in the order in which they were set.
  from.on('data', chunk => setTimeout(() => onto.write(chunk), afterMs))
  from.on('error', () => {})
  from.on('close', () => onto.destroy())
}

const server = createServer(near => {
  const far = connect(to, '127.0.0.1')
  pass(near, far, thereMs)
  pass(far, near, backMs)
}).listen(0, '127.0.0.1', () => {
  const { port } = present(server.address(), 'the address of a listening server') as AddressInfo
  writeSync(READY_FD, `${JSON.stringify({ port })}\n`)
  closeSync(READY_FD)
})
