/** A WebSocket that sends whatever messages a test likes, and keeps the frames that it gets. */

import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { HelloRequest, HelloResponse } from '../../protocol/generated/messages.js'
import { FramePeer } from './frame-peer.js'

export class RawWebSocket extends FramePeer {
  pongs = 0
  /** Of the closing handshake; 0 until it closed, 1006 if there was none. */
  status = 0
  readonly socket: WebSocket

  private constructor(socket: WebSocket) {
    super()
    this.socket = socket
    socket.on('message', (data: Buffer) => {
      if (this.received(data)) throw new Error('the server cut a frame by the end of a message')
    })
    socket.on('pong', () => this.pongs++)
    socket.on('error', () => {})
    socket.on('close', status => {
      this.status = status
      this.ended = true
    })
  }

  static async connect(port: number): Promise<RawWebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { perMessageDeflate: false })
    const client = new RawWebSocket(socket)
    await once(socket, 'open')
    return client
  }

  /** Connected, with a Hello sent; settles with its answer. */
  static async open(
    port: number,
    init: Partial<HelloRequest>,
  ): Promise<{ client: RawWebSocket; hello: HelloResponse }> {
    const client = await RawWebSocket.connect(port)
    return { client, hello: await client.hello(init) }
  }

  send(bytes: Uint8Array): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytes)
  }

  /** One message in so many pieces. */
  sendPieces(pieces: readonly Uint8Array[]): void {
    for (const [i, piece] of pieces.entries()) {
      if (this.socket.readyState !== WebSocket.OPEN) return
      this.socket.send(piece, { binary: true, fin: i === pieces.length - 1 })
    }
  }

  hangUp(): void {
    this.socket.close()
  }

  destroy(): void {
    this.socket.terminate()
  }

  reset(): void {
    this.socket.terminate()
  }
}
