/**
 * mosquitto: MQTT 3.1.1 with QoS 1 both ways and persistence. It writes its state to disk each second: what it acknowledges may
 * be lost in a crash. Each user subscribes to a topic of its own.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ServerProcess, type StartOptions, startProgram } from '../children.js'
import { RawClient } from '../raw-client.js'
import { type PeerConnection, Units } from './connection.js'

const CONNECT_ACK = 2
const PUBLISH = 3
const PUBLISH_ACK = 4
const SUBSCRIBE_ACK = 9

const PUBLISH_QOS_1 = 0x32
const PUBLISH_ACK_HEAD = [0x40, 2]
const KEEP_ALIVE_OFF = [0, 0]
const NUMBER_MAX = 65_535

export function startMosquitto(program: string, folder: string, options: StartOptions): Promise<ServerProcess> {
  return startProgram(program, options, port => {
    const lines = [
      `listener ${port} 127.0.0.1`,
      'user root',
      'persistence true',
      `persistence_location ${folder}/`,
      'autosave_interval 1',
      'max_queued_messages 0',
      'allow_anonymous true',
      'set_tcp_nodelay true',
      'log_type error',
    ]
    const file = join(folder, 'mosquitto.conf')
    writeFileSync(file, `${lines.join('\n')}\n`)
    return ['-c', file]
  })
}

export class MqttConnection implements PeerConnection {
  onAccepted: () => void = () => {}
  onMessage: () => void = () => {}
  readonly client: RawClient
  readonly #peer: string
  readonly #text: string
  readonly #units = new Units()
  #sent = 0
  #ready: () => void = () => {}
  /** The acks that the messages of one read ask for. */
  #acks: number[] = []

  private constructor(client: RawClient, peer: string, text: string) {
    this.client = client
    this.#peer = peer
    this.#text = text
  }

  static async connect(port: number, user: string, peer: string, text: string): Promise<MqttConnection> {
    const client = await RawClient.connect(port)
    const connection = new MqttConnection(client, peer, text)
    const ready = new Promise<void>(resolve => {
      connection.#ready = resolve
    })
    client.onBytes = (_, bytes) => connection.#take(bytes)
    const connect = [...string('MQTT'), 4, 0, ...KEEP_ALIVE_OFF, ...string(user)]
    const subscribe = [0, 1, ...string(user), 1]
    client.write(Buffer.from([0x10, connect.length, ...connect, 0x82, subscribe.length, ...subscribe]))
    await ready
    return connection
  }

  send(count: number): void {
    this.client.writeAll(Array.from({ length: count }, () => this.#publish()))
  }

  #publish(): Uint8Array {
    this.#sent = this.#sent === NUMBER_MAX ? 1 : this.#sent + 1
    const body = [...string(this.#peer), this.#sent >> 8, this.#sent & 255]
    return Buffer.concat([
      Buffer.from([PUBLISH_QOS_1, ...lengthOf(body.length + this.#text.length), ...body]),
      Buffer.from(this.#text),
    ])
  }

  #take(bytes: Uint8Array): void {
    this.#units.push(bytes, (whole, at) => this.#packet(whole, at))
    if (this.#acks.length > 0) {
      this.client.write(Buffer.from(this.#acks))
      this.#acks = []
    }
    this.client.onRead()
  }

  #packet(bytes: Buffer, at: number): number | undefined {
    let length = 0
    let body = at + 1
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[body++]
      if (byte === undefined) return undefined
      length |= (byte & 127) << shift
      if (byte < 128) break
    }
    const end = body + length
    if (bytes.length < end) return undefined
    const kind = (bytes[at] ?? 0) >> 4
    if (kind === PUBLISH) {
      const number = body + 2 + bytes.readUInt16BE(body)
      this.#acks.push(...PUBLISH_ACK_HEAD, bytes[number] ?? 0, bytes[number + 1] ?? 0)
      this.onMessage()
    } else if (kind === PUBLISH_ACK) this.onAccepted()
    else if (kind === SUBSCRIBE_ACK) this.#ready()
    else if (kind !== CONNECT_ACK || bytes[body + 1] !== 0) throw new Error(`mosquitto sends a packet of kind ${kind}`)
    return end
  }
}

function string(text: string): number[] {
  return [text.length >> 8, text.length & 255, ...Buffer.from(text)]
}

function lengthOf(bytes: number): number[] {
  return bytes < 128 ? [bytes] : [128 | (bytes & 127), bytes >> 7]
}
