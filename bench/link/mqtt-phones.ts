/** Two phones that speak MQTT 3.1.1 with QoS 1, by hand: CONNECT, SUBSCRIBE, PUBLISH, PUBACK. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Address, Phones } from './talk.js'
import { TEXT } from './talk.js'

/** Packet types, in the upper half of the first byte. */
const CONNACK = 2
const PUBLISH = 3
const PUBACK = 4
const SUBACK = 9

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
    const body = [text(topicOf(1 - from)), number(this.#packetId), Buffer.from(TEXT)]
    this.#sockets[from]?.write(packet(0x32, body))
  }

  async #login(socket: Socket, i: number): Promise<void> {
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', bytes => {
      rest = Buffer.concat([rest, bytes])
      for (let next = firstPacket(rest); next !== undefined; next = firstPacket(rest)) {
        this.#packet(socket, next.type, next.body)
        rest = next.rest
      }
    })
    const clean = 2
    const login = [text('MQTT'), Buffer.from([4, clean]), number(KEEP_ALIVE_S), text(`phone${i}`)]
    const subscribe = [number(1), text(topicOf(i)), Buffer.from([1])]
    socket.write(Buffer.concat([packet(0x10, login), packet(0x82, subscribe)]))
    while (!this.#greeted.has(socket)) await sleep(10)
  }

  #packet(socket: Socket, type: number, body: Buffer): void {
    if (type === CONNACK && body[1] !== 0) throw new Error(`the server refused the login with ${body[1]}`)
    else if (type === SUBACK) this.#greeted.add(socket)
    else if (type === PUBLISH) {
      const idAt = 2 + body.readUInt16BE()
      socket.write(packet(PUBACK << 4, [body.subarray(idAt, idAt + 2)]))
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

function packet(first: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const length: number[] = []
  let left = body.length
  do {
    const low = left & 127
    left >>= 7
    length.push(left > 0 ? low | 128 : low)
  } while (left > 0)
  return Buffer.concat([Buffer.from([first, ...length]), body])
}

/** The first packet of what came, if it is whole. */
function firstPacket(
  bytes: Buffer,
): { readonly type: number; readonly body: Buffer; readonly rest: Buffer } | undefined {
  let length = 0
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    length += (byte & 127) << (7 * (at - 1))
    if (byte >= 128) continue
    const start = at + 1
    if (bytes.length < start + length) return undefined
    const body = bytes.subarray(start, start + length)
    return { type: (bytes[0] ?? 0) >> 4, body, rest: bytes.subarray(start + length) }
  }
  return undefined
}

function number(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255])
}

function text(value: string): Buffer {
  return Buffer.concat([number(value.length), Buffer.from(value)])
}
