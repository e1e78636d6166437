/** A TCP connection that sends whatever bytes a test likes, and keeps what it gets. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { encodeRequest } from '../../protocol/frame-codec.js'
import {
  createHelloRequest,
  encodeHelloRequest,
  type HelloRequest,
  type HelloResponse,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { FramePeer } from './frame-peer.js'

export class RawClient extends FramePeer {
  bytesReceived = 0
  readonly socket: Socket

  private constructor(socket: Socket) {
    super()
    this.socket = socket
    socket.on('data', bytes => {
      this.bytesReceived += bytes.length
      this.received(bytes)
    })
    socket.on('end', () => {
      this.ended = true
      socket.end()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.ended = true
    })
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  /** Connected, with the leading 00 and a Hello sent; settles with its answer. */
  static async open(port: number, init: Partial<HelloRequest>): Promise<{ client: RawClient; hello: HelloResponse }> {
    const client = await RawClient.connect(port)
    client.send(Uint8Array.of(0))
    return { client, hello: await client.hello(init) }
  }

  send(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  /** Sends no more. */
  hangUp(): void {
    this.socket.end()
  }

  destroy(): void {
    this.socket.destroy()
  }

  reset(): void {
    this.socket.resetAndDestroy()
  }
}

export function rawHello(id: number, init: Partial<HelloRequest>): Uint8Array {
  return encodeRequest(id, METHODS.hello.number, encodeHelloRequest(createHelloRequest(init)))
}
