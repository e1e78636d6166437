/**
 * NATS with JetStream: each message is appended to a stream in a file before it is acknowledged. The file is synced every two
 * minutes. Each user has a subject of its own; who is subscribed gets a message at most once and acknowledges nothing.
 */

import { join } from 'node:path'
import { type ServerProcess, type StartOptions, startProgram } from '../children.js'
import { RawClient } from '../raw-client.js'
import { type PeerConnection, Units } from './connection.js'

const LINE_END = 10
const SPACE = 32
const DIGIT_0 = 48
/** The number of the subscription to the own subject, as it stands in MSG; the other one is to answers. */
const OWN_SUBSCRIPTION = DIGIT_0 + 1

const STREAM = JSON.stringify({
  name: 'S',
  subjects: ['u.*'],
  storage: 'file',
  retention: 'limits',
  max_bytes: -1,
  max_msgs: -1,
  discard: 'old',
  num_replicas: 1,
})

export function startNats(program: string, folder: string, options: StartOptions): Promise<ServerProcess> {
  return startProgram(program, options, port => {
    return ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(folder, 'jetstream')]
  })
}

export class NatsConnection implements PeerConnection {
  onAccepted: () => void = () => {}
  onMessage: () => void = () => {}
  readonly client: RawClient
  readonly #units = new Units()
  readonly #user: string
  /** A message of this user to the peer. */
  readonly #message: Buffer
  #ready: () => void = () => {}
  /** The answer to the request for the stream. */
  #asked: (() => void) | undefined

  private constructor(client: RawClient, user: string, peer: string, text: string) {
    this.client = client
    this.#user = user
    this.#message = Buffer.from(`PUB u.${peer} _R.${user} ${text.length}\r\n${text}\r\n`)
  }

  static connect(port: number, user: string, peer: string, text: string): Promise<NatsConnection> {
    const options = { verbose: false, pedantic: false, lang: 'c', version: '1', protocol: 1 }
    const login = `CONNECT ${JSON.stringify(options)}\r\nSUB u.${user} 1\r\nSUB _R.${user} 2\r\nPING\r\n`
    return new Promise((resolve, reject) => {
      // The server speaks first.
      const prepare = (client: RawClient): void => {
        const connection = new NatsConnection(client, user, peer, text)
        connection.#ready = () => resolve(connection)
        client.onBytes = (_, bytes) => connection.#take(bytes)
      }
      RawClient.connect(port, 'tcp', prepare)
        .then(client => client.write(Buffer.from(login)))
        .catch(reject)
    })
  }

  /** Makes the stream that keeps all messages: once for a server, before anybody sends. */
  makeStream(): Promise<void> {
    return new Promise(resolve => {
      this.#asked = resolve
      const request = `PUB $JS.API.STREAM.CREATE.S _R.${this.#user} ${STREAM.length}\r\n${STREAM}\r\n`
      this.client.write(Buffer.from(request))
    })
  }

  send(count: number): void {
    const message = this.#message
    this.client.writeAll(count === 1 ? [message] : Array.from({ length: count }, () => message))
  }

  #take(bytes: Uint8Array): void {
    this.#units.push(bytes, (whole, at) => this.#line(whole, at))
    this.client.onRead()
  }

  /** MSG subject subscription [reply] length, or a line without a body. */
  #line(bytes: Buffer, at: number): number | undefined {
    const lineEnd = bytes.indexOf(LINE_END, at)
    if (lineEnd < 0) return undefined
    const kind = bytes.toString('latin1', at, at + 4)
    if (kind !== 'MSG ') {
      if (kind === 'PONG') this.#ready()
      else if (kind === 'PING') this.client.write(Buffer.from('PONG\r\n'))
      else if (kind !== 'INFO') throw new Error(`NATS says ${bytes.toString('latin1', at, lineEnd)}`)
      return lineEnd + 1
    }
    const lengthAt = bytes.lastIndexOf(SPACE, lineEnd) + 1
    let length = 0
    for (let i = lengthAt; i < lineEnd - 1; i++) length = length * 10 + (bytes[i] ?? 0) - DIGIT_0
    const end = lineEnd + 1 + length + 2
    if (bytes.length < end) return undefined
    if (bytes[bytes.indexOf(SPACE, at + 4) + 1] === OWN_SUBSCRIPTION) this.onMessage()
    else this.#answer(bytes, lineEnd + 1, end)
    return end
  }

  #answer(bytes: Buffer, from: number, end: number): void {
    if (bytes.subarray(from, end).includes('"error"')) throw new Error(`NATS: ${bytes.toString('latin1', from, end)}`)
    if (this.#asked === undefined) {
      this.onAccepted()
      return
    }
    this.#asked()
    this.#asked = undefined
  }
}
