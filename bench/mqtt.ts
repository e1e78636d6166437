/** The packets of MQTT 3.1.1 that two friends need, and mosquitto as it is measured: QoS 1, with persistence. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Packet types, in the upper half of the first byte. */
export const CONNACK = 2
export const PUBLISH = 3
export const PUBACK = 4
export const SUBACK = 9

const CONNECT_HEAD = 0x10
const PUBLISH_QOS_1_HEAD = 0x32
const SUBSCRIBE_HEAD = 0x82

const VERSION = 4
const CLEAN_SESSION = 2
const SUBSCRIBE_ID = 1

export interface Login {
  readonly client: string
  readonly topic: string
  /** The server keeps what it has for a client that is away, and knows its subscriptions when it comes back. */
  readonly keepsSession: boolean
  /** 0: the server waits for ever. */
  readonly keepAliveS: number
}

/** CONNECT, and SUBSCRIBE with QoS 1. */
export function loginPackets({ client, topic, keepsSession, keepAliveS }: Login): Buffer {
  const flags = Buffer.from([VERSION, keepsSession ? 0 : CLEAN_SESSION])
  return Buffer.concat([
    packet(CONNECT_HEAD, [text('MQTT'), flags, number(keepAliveS), text(client)]),
    packet(SUBSCRIBE_HEAD, [number(SUBSCRIBE_ID), text(topic), Buffer.from([1])]),
  ])
}

/** PUBLISH with QoS 1. @param id 1 to 65 535 */
export function publishPacket(topic: string, id: number, message: string): Buffer {
  return packet(PUBLISH_QOS_1_HEAD, [text(topic), number(id), Buffer.from(message)])
}

/** The PUBACK that the body of a PUBLISH with QoS 1 asks for. */
export function ackPacket(published: Buffer): Buffer {
  const idAt = 2 + published.readUInt16BE()
  return packet(PUBACK << 4, [published.subarray(idAt, idAt + 2)])
}

export interface Packet {
  readonly type: number
  readonly body: Buffer
  /** Where the next one begins. */
  readonly end: number
}

/** The packet that begins there, if it is whole. */
export function packetAt(bytes: Buffer, begin: number): Packet | undefined {
  let length = 0
  for (let at = begin + 1; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    length += (byte & 127) << (7 * (at - begin - 1))
    if (byte >= 128) continue
    const end = at + 1 + length
    if (bytes.length < end) return undefined
    return { type: (bytes[begin] ?? 0) >> 4, body: bytes.subarray(at + 1, end), end }
  }
  return undefined
}

/**
 * Writes mosquitto's configuration. It saves its state each second: what it acknowledged since is lost in a crash.
 * @returns the arguments that start it
 */
export function mosquittoArguments(folder: string, address: string, port: number): string[] {
  const lines = [
    `listener ${port} ${address}`,
    'allow_anonymous true',
    'user root',
    'persistence true',
    `persistence_location ${folder}/`,
    'autosave_interval 1',
    'max_queued_messages 0',
    'set_tcp_nodelay true',
    'log_type error',
  ]
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(file, `${lines.join('\n')}\n`)
  return ['-c', file]
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

function number(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255])
}

function text(value: string): Buffer {
  return Buffer.concat([number(value.length), Buffer.from(value)])
}
