/** What a test's raw TCP connection and its raw WebSocket have in common: frames out by hand, frames in kept. */

import { codeName } from '../../protocol/codes.js'
import { encodeRequest, FrameDecoder } from '../../protocol/frame-codec.js'
import {
  createHelloRequest,
  decodeCloseNotice,
  decodeHelloResponse,
  type Frame,
  type HelloRequest,
  type HelloResponse,
} from '../../protocol/generated/messages.js'
import { FRAME_TO_CLIENT_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { eventually } from './eventually.js'

export abstract class FramePeer {
  /** In the order in which they came; pings are counted apart. */
  readonly frames: Frame[] = []
  pings = 0
  /** The server has finished, or the connection broke. */
  ended = false
  readonly #decoder = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)
  #ids = 0

  /** Does nothing when the connection has ended. */
  abstract send(bytes: Uint8Array): void

  /** Sends a Hello. @throws if it is refused */
  async hello(init: Partial<HelloRequest>): Promise<HelloResponse> {
    const answer = await this.call(METHODS.hello, createHelloRequest(init))
    if (answer.code !== 0) throw new Error(`Hello was refused: ${codeName(answer.code)}`)
    return decodeHelloResponse(answer.body)
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

  /** @returns whether a frame has begun that is not whole yet */
  protected received(bytes: Uint8Array): boolean {
    this.#decoder.push(new Uint8Array(bytes))
    for (let decoded = this.#decoder.next(); decoded !== undefined; decoded = this.#decoder.next()) {
      if (decoded.kind === 'error') throw new Error(`the server sent what is no frame: ${decoded.message}`)
      if (decoded.kind === 'ping') this.pings++
      else this.frames.push(decoded.frame)
    }
    return this.#decoder.buffered > 0
  }
}
