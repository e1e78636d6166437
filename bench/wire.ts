/**
 * (c) Application bytes on the wire, counted at the socket, without TCP and IP headers. The numbers of users, messages and
 * versions are part of what is sent. So the same frames are also computed with the numbers of a large, old server.
 */

import { PING } from '../protocol/frame-codec.js'
import { encodeAcceptedFrame, encodeMessageItem, encodePushFrame, encodeSendFrame } from '../protocol/item-codec.js'
import { dataFolder, removeFolder, startLongwire } from './children.js'
import { befriend, registerUsers, type UserPair } from './fleet.js'
import { until } from './until.js'
import type { BenchUser } from './user.js'

export interface WireReport {
  readonly text_bytes: number
  readonly heartbeat_up: number
  readonly heartbeat_down: number
  readonly message_up: number
  readonly message_up_beside_text: number
  readonly accepted_down: number
  readonly delivery_down: number
  readonly delivery_down_beside_text: number
  readonly ack_up: number
  /** The item by which the sender learns of it, at most one per conversation and second. */
  readonly delivered_mark_down: number
  /** 00 and Hello. */
  readonly reconnect_up: number
  /** The answer and the first page, with one missed message. */
  readonly reconnect_down: number
  readonly reconnect_down_beside_text: number
  /** Writes of the client after TCP until it had everything that it missed. */
  readonly reconnect_round_trips: number
  /** The largest usual numbers: a uid of 2^43, the millionth message of a device, the ten-millionth version. */
  readonly large_numbers: {
    readonly message_up_beside_text: number
    readonly accepted_down: number
    readonly delivery_down_beside_text: number
  }
}

const TEXT = 'm'.repeat(100)

/** A first number with two bytes for send_seq and version, as in all but the first conversations. */
const MESSAGES_BEFORE = 200

export async function measureWire(say: (line: string) => void): Promise<WireReport> {
  say('(c) counting bytes')
  const folder = dataFolder()
  const server = await startLongwire(folder)
  const [pair] = await befriend(await registerUsers(server.port, 'wire', 2))
  const { sender, receiver } = pair as UserPair
  for (let i = 0; i < MESSAGES_BEFORE; i++) await deliver(sender, receiver)

  const beaten = counter(sender)
  sender.client.write(PING)
  await until('a heartbeat', () => beaten().down > 0)
  const heartbeat = beaten()

  const sending = counter(sender)
  const receiving = counter(receiver)
  await deliver(sender, receiver)
  const message = sending()
  const delivery = receiving().down

  const marked = counter(sender)
  const ack = counter(receiver)
  receiver.ack(sender.uid)
  await until('an ack', () => marked().down > 0)

  receiver.client.destroy()
  const missed = receiver.receivedFrom(sender.uid) + 1
  await accepted(sender, receiver)
  await receiver.reconnect(server.port)
  const { bytesOut, bytesIn, writes } = receiver.client
  if (receiver.receivedFrom(sender.uid) !== missed) throw new Error('the first page did not bring what was missed')
  const report = {
    text_bytes: TEXT.length,
    heartbeat_up: heartbeat.up,
    heartbeat_down: heartbeat.down,
    message_up: message.up,
    message_up_beside_text: message.up - TEXT.length,
    accepted_down: message.down,
    delivery_down: delivery,
    delivery_down_beside_text: delivery - TEXT.length,
    ack_up: ack().up,
    delivered_mark_down: marked().down,
    reconnect_up: bytesOut,
    reconnect_down: bytesIn,
    reconnect_down_beside_text: bytesIn - TEXT.length,
    reconnect_round_trips: writes,
    large_numbers: largeNumbers(),
  }
  sender.client.destroy()
  receiver.client.destroy()
  await server.stop()
  removeFolder(folder)
  return report
}

/** Sends one message, and waits until it is accepted and has come. */
async function deliver(sender: BenchUser, receiver: BenchUser): Promise<void> {
  await accepted(sender, receiver)
  await until('what was sent', () => receiver.receivedFrom(sender.uid) === sender.sent)
}

async function accepted(sender: BenchUser, receiver: BenchUser): Promise<void> {
  sender.client.write(sender.nextSend(receiver.uid, TEXT))
  await until('the answers', () => sender.accepted === sender.sent)
}

function counter({ client }: BenchUser): () => { readonly up: number; readonly down: number } {
  const { bytesIn, bytesOut } = client
  return () => ({ up: client.bytesOut - bytesOut, down: client.bytesIn - bytesIn })
}

function largeNumbers(): WireReport['large_numbers'] {
  const uid = 2 ** 43
  const sendSeq = 1_000_000
  const version = 10_000_000
  const item = encodeMessageItem({ sender: uid, device: 1, sendSeq, atMs: Date.now(), recipient: 0, text: TEXT })
  return {
    message_up_beside_text: encodeSendFrame(1, sendSeq, uid, TEXT).length - TEXT.length,
    accepted_down: encodeAcceptedFrame(1, version - 1, version).length,
    delivery_down_beside_text:
      encodePushFrame(version - 1, version, false, [{ version, bytes: item }]).length - TEXT.length,
  }
}
