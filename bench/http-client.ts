/**
 * A keep-alive HTTP connection of the load generator. It writes whole requests to a socket and finds the end of an answer by its
 * Content-Length; nothing else. One request is in flight.
 */

import { connect, type Socket } from 'node:net'
import { nextSource } from './raw-client.js'

const readBuffer = Buffer.alloc(65_536)

const HEAD_END = Buffer.from('\r\n\r\n')
/** The beginning of a good answer, in lower case: the head is compared so. */
const OK = 'http/1.1 200 '
const LENGTH = 'content-length: '

/** The bytes of a POST. */
export function httpRequest(port: number, path: string, body: Uint8Array, token?: Uint8Array): Buffer {
  const bearer = token === undefined ? '' : `Authorization: Bearer ${Buffer.from(token).toString('base64url')}\r\n`
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/proto\r\n${bearer}`
  return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body])
}

export class HttpClient {
  /** The answer has come whole; the bytes are good during the call. A failure or another status is thrown. */
  onAnswer: (body: Uint8Array) => void = () => {}
  bytesIn = 0
  bytesOut = 0
  readonly #socket: Socket
  /** The bytes so far of an answer that is not whole. */
  #rest: Buffer | undefined
  #ended = false

  private constructor(port: number, connected: () => void) {
    const callback = (count: number): boolean => {
      this.#take(readBuffer.subarray(0, count))
      return true
    }
    this.#socket = connect(
      { host: '127.0.0.1', port, localAddress: nextSource(), noDelay: true, onread: { buffer: readBuffer, callback } },
      connected,
    )
    this.#socket.on('error', error => {
      if (!this.#ended) throw error
    })
  }

  static connect(port: number): Promise<HttpClient> {
    return new Promise(resolve => {
      const client: HttpClient = new HttpClient(port, () => resolve(client))
    })
  }

  /** A whole request; the next one after its answer. */
  write(request: Uint8Array): void {
    this.bytesOut += request.length
    this.#socket.write(request)
  }

  /** Writes it and waits; the answer is a copy. */
  ask(request: Uint8Array): Promise<Uint8Array> {
    return new Promise(resolve => {
      this.onAnswer = body => resolve(body.slice())
      this.write(request)
    })
  }

  destroy(): void {
    this.#ended = true
    this.#socket.resetAndDestroy()
  }

  #take(chunk: Buffer): void {
    this.bytesIn += chunk.length
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    const headEnd = bytes.indexOf(HEAD_END)
    const head = headEnd < 0 ? '' : bytes.toString('latin1', 0, headEnd + 2).toLowerCase()
    const length = headEnd < 0 ? 0 : contentLength(head)
    const end = headEnd + HEAD_END.length + length
    if (headEnd < 0 || bytes.length < end) {
      this.#rest = Buffer.from(bytes) // a copy: the buffer is all connections'
      return
    }
    if (!head.startsWith(OK)) throw new Error(`an answer that is none: ${bytes.toString('latin1', 0, 300)}`)
    if (bytes.length > end) throw new Error('more has come than was asked for')
    this.#rest = undefined
    this.onAnswer(bytes.subarray(end - length))
  }
}

function contentLength(head: string): number {
  const at = head.indexOf(LENGTH)
  if (at < 0) throw new Error(`an answer without a length: ${head}`)
  return Number.parseInt(head.slice(at + LENGTH.length), 10)
}
