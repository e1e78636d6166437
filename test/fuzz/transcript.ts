/** What a client says on one connection, first right and then wrong: frames, some of them changed, in pieces of any size. */

import type { MessageType } from '../../protocol/descriptor.js'
import { encodeFrame } from '../../protocol/frame-codec.js'
import { AckNoticeType, FrameType, HelloRequestType, RPC_TYPES } from '../../protocol/generated/descriptors.js'
import { encodeAckNotice, encodeHelloRequest } from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import type { Chance } from './chance.js'
import { mutateBytes, mutateTree } from './mutations.js'
import { type Bytes, concatenated, type Node, putTogether, takeApart, varint } from './proto-tree.js'
import { type Known, randomMessage } from './random-message.js'

/** One frame with its length in front. */
export interface Part {
  /** 0 of what has no answer. */
  readonly id: number
  readonly type: MessageType | undefined
  readonly bytes: Uint8Array
}

const REQUESTS = Object.values(METHODS).filter(
  method => method.kind === 'request' && method.number > 1,
) as RequestMethod[]
const PING: Part = { id: 0, type: undefined, bytes: Uint8Array.of(0) }

/** Methods that end what the next transcript needs; they come, but not often. */
const ENDING = new Set<RequestMethod>([
  METHODS.logout,
  METHODS.deleteAccount,
  METHODS.removeDevice,
  METHODS.changePassword,
])
const ENDING_SHARE = 0.02

/** Of Frame.body. */
const BODY_TAG = 26

/** Longer ones only repeat themselves when they come in the smallest pieces. */
const ONE_BY_ONE_MAX = 600

/** The leading 00 and a Hello, as they should be. */
export function greeting(chance: Chance, known: Known): Part[] {
  const attempt = chance.pick((known.attempt ?? [1]) as number[])
  const hello = { ...randomMessage(HelloRequestType, chance, known), attempt, heartbeatMs: 60_000, revision: 1 }
  return [PING, frame(1, METHODS.hello.number, HelloRequestType, encodeHelloRequest(hello))]
}

/** Requests, acks and pings behind a Hello, each as it should be. Ids are above 1. */
export function conversation(chance: Chance, known: Known): Part[] {
  const parts: Part[] = []
  for (let id = 2, count = chance.between(1, 30); id <= count; id++) {
    const dice = chance.below(12)
    if (dice === 0) parts.push(PING)
    else if (dice === 1) {
      const ack = encodeAckNotice(randomMessage(AckNoticeType, chance, known))
      parts.push(frame(0, METHODS.ack.number, AckNoticeType, ack))
    } else parts.push(request(id, chance, known))
  }
  return parts
}

function request(id: number, chance: Chance, known: Known): Part {
  // Half of it is what clients mostly do.
  const usual = chance.yes(0.5) ? [METHODS.send, METHODS.sync] : REQUESTS
  let method = chance.pick(usual as readonly RequestMethod[])
  if (ENDING.has(method) && !chance.yes(ENDING_SHARE)) method = METHODS.getProfile
  const type = RPC_TYPES.get(`${method.service}.${method.rpc}`)?.request as MessageType
  return frame(id, method.number, type, method.encodeRequest(randomMessage(type, chance, known)))
}

function frame(id: number, method: number, type: MessageType, body: Uint8Array): Part {
  return { id, type, bytes: encodeFrame({ id, method, body }) }
}

/** Changes what it may be at every level: the body's fields, the frame's, its length, the bytes, the order of frames. */
export function mutate(parts: readonly Part[], chance: Chance): Part[] {
  const changed = parts.map((part, place) => {
    // A wrong beginning ends it all.
    return chance.yes(place < 2 ? 0.1 : 0.5) ? mutatePart(part, parts, chance) : part
  })
  for (let times = chance.below(3); times > 0 && changed.length > 0; times--) {
    const at = chance.below(changed.length)
    const part = changed[at] as Part
    const dice = chance.below(4)
    if (dice === 0) changed.splice(at, 1)
    else if (dice === 1) changed.splice(at, 0, ...new Array<Part>(chance.pick([1, 2, 70])).fill(part))
    else if (dice === 2) changed.splice(chance.below(changed.length), 0, ...changed.splice(at, 1))
    else changed.splice(at, 0, frame(chance.below(3), chance.between(0, 40), FrameType, chance.bytes(chance.below(20))))
  }
  return changed
}

function mutatePart(part: Part, donors: readonly Part[], chance: Chance): Part {
  if (part.type === undefined || chance.yes(0.02)) return { ...part, id: 0, bytes: mutateBytes(part.bytes, chance) }
  const lengthBytes = part.bytes.findIndex(byte => byte < 128) + 1
  const nodes = takeApart(FrameType, part.bytes.subarray(lengthBytes))
  if (chance.yes(0.95)) mutateBody(nodes, part.type, donors, chance)
  else for (let times = chance.between(1, 2); times > 0; times--) mutateTree(nodes, chance, nodesOf(donors, chance))
  const payload = putTogether(nodes)
  const off = chance.yes(0.02) ? chance.pick([-1, 1, 5, -5, 2 ** 20, 2 ** 34]) : 0
  return { ...part, id: 0, bytes: concatenated([varint(Math.max(0, payload.length + off)), payload]) }
}

function mutateBody(nodes: Node[], type: MessageType, donors: readonly Part[], chance: Chance): void {
  let body = nodes.find((node): node is Bytes => node.kind === 'bytes')
  if (body === undefined) {
    body = { kind: 'bytes', tag: BODY_TAG, bytes: new Uint8Array(0), lengthOff: 0 }
    nodes.push(body)
  }
  const fields = takeApart(type, body.bytes)
  for (let times = chance.between(1, 3); times > 0; times--) mutateTree(fields, chance, nodesOf(donors, chance))
  body.bytes = putTogether(fields)
}

/** Fields of another part's body. */
function nodesOf(donors: readonly Part[], chance: Chance): Node[] {
  const donor = chance.pick(donors)
  if (donor.type === undefined) return []
  const lengthBytes = donor.bytes.findIndex(byte => byte < 128) + 1
  const body = takeApart(FrameType, donor.bytes.subarray(lengthBytes)).find(node => node.kind === 'bytes')
  return body?.kind === 'bytes' ? takeApart(donor.type, body.bytes) : []
}

/** The bytes in pieces: all at once, one by one, or cut anywhere. */
export function* pieces(parts: readonly Part[], chance: Chance): Generator<Uint8Array> {
  const bytes = concatenated(parts.map(part => part.bytes))
  const most = chance.pick(bytes.length < ONE_BY_ONE_MAX ? [1, 7, 50, 500, 100_000] : [50, 500, 100_000])
  for (let at = 0; at < bytes.length; ) {
    const length = most === 1 ? 1 : chance.between(1, most)
    yield bytes.slice(at, at + length)
    at += length
  }
}
