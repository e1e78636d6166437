/** A WebSocket that sends whatever messages a test likes, and keeps the frames that it gets. */

import { once } from 'node:events'
import { WebSocket } from 'ws'
import { codeName } from '../../protocol/codes.js'
import { encodeRequest, FrameDecoder } from '../../protocol/frame-codec.js'
import {
  createHelloRequest,
  decodeHelloResponse,
  type Frame,
  type HelloRequest,
  type HelloResponse,
} from '../../protocol/generated/messages.js'
import { FRAME_TO_CLIENT_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { eventually } from './eventually.js'

export class RawWebSocket {
  /** In the order in which they came; pings are counted apart. */
  readonly frames: Frame[] = []
  pings = 0
  pongs = 0
  ended = false
  /** Of the closing handshake; 0 until it closed, 1006 if there was none. */
  status = 0
  readonly socket: WebSocket
  readonly #decoder = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)
  #ids = 0

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => this.#received(data))
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
    const answer = await client.call(METHODS.hello, createHelloRequest(init))
    if (answer.code !== 0) throw new Error(`Hello was refused: ${codeName(answer.code)}`)
    return { client, hello: decodeHelloResponse(answer.body) }
  }

  /** One message. */
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

  call<Q, A>(method: RequestMethod<Q, A>, request: Q): Promise<Frame> {
    return this.callRaw(method.number, method.encodeRequest(request))
  }

  async callRaw(method: number, body: Uint8Array): Promise<Frame> {
    this.#ids += 1
    const id = this.#ids
    this.send(encodeRequest(id, method, body))
    return this.answer(id)
  }

  /** The answer to the request with this id, taken out of `frames`. */
  async answer(id: number): Promise<Frame> {
    await eventually(() => this.frames.some(frame => frame.id === id) || this.ended)
    const index = this.frames.findIndex(frame => frame.id === id)
    const [frame] = index < 0 ? [] : this.frames.splice(index, 1)
    if (frame === undefined) throw new Error(`closed without an answer: ${await this.end()}`)
    return frame
  }

  /** The first notice of a method, taken out of `frames`. */
  async notice(method: number): Promise<Frame> {
    const is = (frame: Frame): boolean => frame.id === 0 && frame.method === method
    await eventually(() => this.frames.some(is) || this.ended)
    const [frame] = this.frames.splice(this.frames.findIndex(is), 1)
    if (frame === undefined || !is(frame)) throw new Error(`closed without a notice ${method}`)
    return frame
  }

  /** Waits for the end, and says what the server closed with: a code's name, that of a refused Hello, or 'nothing'. */
  async end(limitMs = 10_000): Promise<string> {
    await eventually(() => this.ended, limitMs)
    const last = this.frames.at(-1)
    if (last === undefined) return 'nothing'
    return last.method === METHODS.close.number || last.code !== 0 ? codeName(last.code) : 'nothing'
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

  #received(bytes: Uint8Array): void {
    this.#decoder.push(new Uint8Array(bytes))
    for (let decoded = this.#decoder.next(); decoded !== undefined; decoded = this.#decoder.next()) {
      if (decoded.kind === 'error') throw new Error(`the server sent what is no frame: ${decoded.message}`)
      if (decoded.kind === 'ping') this.pings++
      else this.frames.push(decoded.frame)
    }
    if (this.#decoder.buffered > 0) throw new Error('the server cut a frame by the end of a message')
  }
}
