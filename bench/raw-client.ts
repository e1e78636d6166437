/**
 * A connection of the load generator: a socket and the codecs of protocol/, nothing else, so that the generator costs less than
 * what it measures. All sockets read into one buffer: the bytes that a handler is given are valid during the call.
 */

import { connect, type Socket } from 'node:net'
import { CODES, codeName } from '../protocol/codes.js'
import { encodeRequest, FrameDecoder } from '../protocol/frame-codec.js'
import type { Frame } from '../protocol/generated/messages.js'
import { FRAME_TO_CLIENT_BYTES_MAX } from '../protocol/limits.js'
import type { RequestMethod } from '../protocol/methods.js'
import { LONGWIRE_WEB_SOCKET, WebSocketFraming, type WebSocketKind } from './web-socket-framing.js'

export type BenchTransport = 'tcp' | 'ws'

const readBuffer = Buffer.alloc(65_536)

/** Ids of request(): above those that a hot loop uses, and of one byte, as a client's are. */
const FIRST_REQUEST_ID = 65
const LAST_REQUEST_ID = 126

const END_MS = 500

/** The addresses of this machine from which connections come in turn. */
const SOURCES = 8

let sources = 0

/**
 * The next address to connect from. From one address to one port the kernel finds 14 000 ports at once, and has to search for more: that
 * made the generator so slow that the server found fewer sockets in a turn, and a login seemed to take half as much again.
 */
export function nextSource(): string {
  sources = (sources % SOURCES) + 1
  return `127.0.0.${sources}`
}

export class RawClient {
  /** Application bytes, exactly. */
  bytesIn = 0
  bytesOut = 0
  /** Calls of write: what was given in one goes out in one piece. */
  writes = 0
  /** Takes the bytes in place of frames, if set. They are valid during the call. */
  onBytes: ((count: number, bytes: Uint8Array) => void) | undefined
  /** Takes the messages of a WebSocket, each whole, in place of frames, if set. They are valid during the call. */
  onMessage: ((message: Uint8Array) => void) | undefined
  /** Every frame that no request() waits for. */
  onFrame: (frame: Frame) => void = ignore
  onPing: () => void = ignore
  /** All frames of one read were given. */
  onRead: () => void = ignore
  readonly #socket: Socket
  readonly #decoder = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)
  readonly #pending = new Map<number, (frame: Frame) => void>()
  readonly #framing: WebSocketFraming | undefined
  #nextId = FIRST_REQUEST_ID
  #ended = false

  private constructor(
    port: number,
    framing: WebSocketFraming | undefined,
    connected: () => void,
    failed: (error: Error) => void,
  ) {
    this.#framing = framing
    const callback = (count: number): boolean => {
      this.#take(count)
      return true
    }
    const onread = { buffer: readBuffer, callback }
    this.#socket = connect({ host: '127.0.0.1', port, localAddress: nextSource(), noDelay: true, onread }, connected)
    this.#socket.on('error', failed)
    // Where the server's process ended that is told first: its end says why.
    this.#socket.on('end', () => {
      if (!this.#ended) setTimeout(() => failed(new Error('the server closed a connection')), END_MS)
    })
  }

  /**
   * A failure after it is connected is thrown: a benchmark with a lost connection measures nothing.
   * @param port of the long side, or with `transport` ws of the short side
   * @param prepare sets its handlers, before any byte can come
   */
  static connect(
    port: number,
    transport: BenchTransport | WebSocketKind = 'tcp',
    prepare: (client: RawClient) => void = ignore,
  ): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      let isConnected = false
      const connected = (): void => {
        isConnected = true
        resolve(client)
      }
      const kind = transport === 'ws' ? LONGWIRE_WEB_SOCKET : transport
      const framing = kind === 'tcp' ? undefined : new WebSocketFraming(connected, kind)
      const client: RawClient = new RawClient(
        port,
        framing,
        () => (framing === undefined ? connected() : client.#socket.write(framing.handshake(port))),
        error => {
          if (!isConnected) reject(error)
          else if (!client.#ended) throw error
        },
      )
      prepare(client)
    })
  }

  /** Whether frames begin with a 00 that tells them from other protocols. */
  get leadingZero(): boolean {
    return this.#framing === undefined
  }

  write(bytes: Uint8Array): void {
    this.#write(this.#framing === undefined ? bytes : this.#framing.wrapped(bytes))
  }

  /** Writes several messages in one piece; over WebSocket each keeps its frame. */
  writeAll(messages: readonly Uint8Array[]): void {
    const framing = this.#framing
    this.#write(Buffer.concat(framing === undefined ? messages : messages.map(message => framing.wrapped(message))))
  }

  #write(bytes: Uint8Array): void {
    this.bytesOut += bytes.length
    this.writes++
    this.#socket.write(bytes)
  }

  /** @throws Error naming the code if it is refused */
  request<Q, A>(method: RequestMethod<Q, A>, request: Q): Promise<A> {
    const { id, answer } = this.expect(method)
    this.write(encodeRequest(id, method.number, method.encodeRequest(request)))
    return answer
  }

  /** Prepares a request that is written together with others: its id, and its answer. */
  expect<Q, A>(method: RequestMethod<Q, A>): { readonly id: number; readonly answer: Promise<A> } {
    const id = this.#nextId
    this.#nextId = id === LAST_REQUEST_ID ? FIRST_REQUEST_ID : id + 1
    const answer = new Promise<A>((resolve, reject) => {
      this.#pending.set(id, ({ code, message, body }) => {
        if (code === CODES.OK.code) resolve(method.decodeResponse(body.slice()))
        else reject(new Error(`${method.rpc} is refused with ${codeName(code)}: ${message}`))
      })
    })
    return { id, answer }
  }

  /** Resets the connection: a normal end would keep its port busy for a minute, and there are only 28 000. */
  destroy(): void {
    this.#ended = true
    this.#socket.resetAndDestroy()
  }

  #take(count: number): void {
    const framing = this.#framing
    const bytes =
      framing?.isOpen === false ? framing.shake(readBuffer.subarray(0, count)) : readBuffer.subarray(0, count)
    if (bytes.length === 0) return
    this.bytesIn += bytes.length
    if (this.onBytes !== undefined) {
      this.onBytes(bytes.length, bytes)
      return
    }
    if (framing !== undefined && this.onMessage !== undefined) {
      framing.unwrapWhole(bytes, this.onMessage)
      this.onRead()
      return
    }
    const decoder = this.#decoder
    if (framing === undefined) decoder.push(bytes)
    else framing.unwrap(bytes, payload => decoder.push(payload))
    for (let decoded = decoder.next(); decoded !== undefined; decoded = decoder.next()) {
      if (decoded.kind === 'frame') this.#frame(decoded.frame)
      else if (decoded.kind === 'ping') this.onPing()
      else throw new Error(`the server sends no frames: ${decoded.message}`)
    }
    if (decoder.buffered > 0) decoder.detach()
    this.onRead()
  }

  #frame(frame: Frame): void {
    const settle = this.#pending.size === 0 ? undefined : this.#pending.get(frame.id)
    if (settle === undefined) {
      this.onFrame(frame)
      return
    }
    this.#pending.delete(frame.id)
    settle(frame)
  }
}

function ignore(): void {}
