/** Two phones that speak MQTT 3.1.1 with QoS 1 (mqtt.ts). */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ackPacket, CONNACK, loginPackets, PUBLISH, packetAt, publishPacket, SUBACK } from '../mqtt.js'
import type { Address, Phones } from './talk.js'
import { TEXT } from './talk.js'

const KEEP_ALIVE_S = 300
const CONNECT_TRIES_MAX = 100

export class MqttPhones implements Phones {
  arrived: () => void = () => {}
  /** MQTT tells the sender nothing of the other phone: PUBACK comes from the server. */
  confirmed: () => void = () => {}
  readonly #sockets: readonly Socket[]
  readonly #greeted = new Set<Socket>()
  #packetId = 0

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets
  }

  static async open(server: Address): Promise<MqttPhones> {
    const phones = new MqttPhones(await Promise.all([connected(server), connected(server)]))
    await Promise.all(phones.#sockets.map((socket, i) => phones.#login(socket, i)))
    return phones
  }

  send(from: 0 | 1): void {
    this.#packetId = (this.#packetId % 65_535) + 1
    this.#sockets[from]?.write(publishPacket(topicOf(1 - from), this.#packetId, TEXT))
  }

  async #login(socket: Socket, i: number): Promise<void> {
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', bytes => {
      rest = Buffer.concat([rest, bytes])
      for (let next = packetAt(rest, 0); next !== undefined; next = packetAt(rest, 0)) {
        this.#packet(socket, next.type, next.body)
        rest = rest.subarray(next.end)
      }
    })
    const [client, topic] = [`phone${i}`, topicOf(i)]
    socket.write(loginPackets({ client, topic, keepsSession: false, keepAliveS: KEEP_ALIVE_S }))
    while (!this.#greeted.has(socket)) await sleep(10)
  }

  #packet(socket: Socket, type: number, body: Buffer): void {
    if (type === CONNACK && body[1] !== 0) throw new Error(`the server refused the login with ${body[1]}`)
    else if (type === SUBACK) this.#greeted.add(socket)
    else if (type === PUBLISH) {
      socket.write(ackPacket(body))
      this.arrived()
    }
  }
}

async function connected(server: Address): Promise<Socket> {
  for (let tries = 1; ; tries++) {
    const socket = connect({ ...server, noDelay: true })
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      // The server may not listen yet.
      if (tries === CONNECT_TRIES_MAX) throw error
      await sleep(100)
    }
  }
}

function topicOf(phone: number): string {
  return `to/${phone}`
}
