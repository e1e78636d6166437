/** mosquitto, with a session that it keeps for each user and a topic of each user's own (mqtt.ts). */

import { type ServerProcess, type StartOptions, startProgram } from '../children.js'
import {
  ackPacket,
  CONNACK,
  loginPackets,
  mosquittoArguments,
  PUBACK,
  PUBLISH,
  packetAt,
  publishPacket,
  SUBACK,
} from '../mqtt.js'
import { RawClient } from '../raw-client.js'
import { type PeerConnection, Units } from './connection.js'

const ID_MAX = 65_535

export function startMosquitto(program: string, folder: string, options: StartOptions): Promise<ServerProcess> {
  return startProgram(program, options, port => mosquittoArguments(folder, '127.0.0.1', port))
}

export class MqttConnection implements PeerConnection {
  onAccepted: () => void = () => {}
  onMessage: () => void = () => {}
  readonly client: RawClient
  readonly #peer: string
  readonly #text: string
  readonly #units = new Units()
  #lastId = 0
  #ready: () => void = () => {}
  /** The acks that the messages of one read ask for. */
  #acks: Buffer[] = []

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
    client.write(loginPackets({ client: user, topic: user, keepsSession: true, keepAliveS: 0 }))
    await ready
    return connection
  }

  send(count: number): void {
    this.client.writeAll(Array.from({ length: count }, () => publishPacket(this.#peer, this.#nextId(), this.#text)))
  }

  #nextId(): number {
    this.#lastId = (this.#lastId % ID_MAX) + 1
    return this.#lastId
  }

  #take(bytes: Uint8Array): void {
    this.#units.push(bytes, (whole, at) => this.#packet(whole, at))
    if (this.#acks.length > 0) {
      this.client.writeAll(this.#acks)
      this.#acks = []
    }
    this.client.onRead()
  }

  #packet(bytes: Buffer, at: number): number | undefined {
    const packet = packetAt(bytes, at)
    if (packet === undefined) return undefined
    const { type, body, end } = packet
    if (type === PUBLISH) {
      this.#acks.push(ackPacket(body))
      this.onMessage()
    } else if (type === PUBACK) this.onAccepted()
    else if (type === SUBACK) this.#ready()
    else if (type !== CONNACK || body[1] !== 0) throw new Error(`mosquitto sends a packet of type ${type}`)
    return end
  }
}
