/**
 * The baseline of those who store nothing: socket.io as it is meant to be used. A message of one user goes to the room of another,
 * in which each of that user's connections is; then its sender gets the acknowledgement.
 *
 * Says on descriptor 3 where it listens, like `longwire serve --ready-fd`.
 */

import { closeSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Socket, Server as SocketIo } from 'socket.io'
import { present } from '../../src/lib/assert.js'

const READY_FD = 3

interface Message {
  readonly to: string
  readonly text: string
}

const http = createServer()
const io = new SocketIo(http, { transports: ['websocket'], serveClient: false })

io.on('connection', (socket: Socket) => {
  const { user } = socket.handshake.auth as { readonly user: string }
  socket.join(user)
  socket.on('message', ({ to, text }: Message, acknowledge: (answer: object) => void) => {
    io.to(to).emit('message', { from: user, text })
    acknowledge({ ok: 1 })
  })
})

http.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  const { port } = present(http.address(), 'the address of a listening server') as AddressInfo
  writeSync(READY_FD, `${JSON.stringify({ port })}\n`)
  closeSync(READY_FD)
})
