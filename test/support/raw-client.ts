/** A TCP connection that sends whatever bytes a test likes, and keeps what it gets. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { codeName } from '../../protocol/codes.js'
import { encodeRequest, FrameDecoder } from '../../protocol/frame-codec.js'
import {
  createHelloRequest,
  decodeCloseNotice,
  decodeHelloResponse,
  encodeHelloRequest,
  type Frame,
  type HelloRequest,
  type HelloResponse,
} from '../../protocol/generated/messages.js'
import { FRAME_TO_CLIENT_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { eventually } from './eventually.js'

export class RawClient {
  /** In the order in which they came; pings are counted apart. */
  readonly frames: Frame[] = []
  pings = 0
  bytesReceived = 0
  /** The server has finished, or the connection broke. */
  ended = false
  readonly socket: Socket
  readonly #decoder = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)
  #ids = 0

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', bytes => this.#received(bytes))
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
    const answer = await client.call(METHODS.hello, createHelloRequest(init))
    if (answer.code !== 0) throw new Error(`Hello was refused: ${codeName(answer.code)}`)
    return { client, hello: decodeHelloResponse(answer.body) }
  }

  send(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  /** Sends a request and waits for its answer. */
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

  /** Waits for the server's end, and says what it closed with: a code's name, that of a refused Hello, or 'nothing'. */
  async end(limitMs = 10_000): Promise<string> {
    await eventually(() => this.ended, limitMs)
    const last = this.frames.at(-1)
    if (last === undefined) return 'nothing'
    const isClose = last.method === METHODS.close.number
    if (isClose) decodeCloseNotice(last.body)
    return isClose || last.code !== 0 ? codeName(last.code) : 'nothing'
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

  #received(bytes: Uint8Array): void {
    this.bytesReceived += bytes.length
    this.#decoder.push(new Uint8Array(bytes))
    for (let decoded = this.#decoder.next(); decoded !== undefined; decoded = this.#decoder.next()) {
      if (decoded.kind === 'error') throw new Error(`the server sent what is no frame: ${decoded.message}`)
      if (decoded.kind === 'ping') this.pings++
      else this.frames.push(decoded.frame)
    }
  }
}

export function rawHello(id: number, init: Partial<HelloRequest>): Uint8Array {
  return encodeRequest(id, METHODS.hello.number, encodeHelloRequest(createHelloRequest(init)))
}
