/** The bytes of a message on the wire, for servers that only move as many. */

import { encodeAcceptedFrame, encodeMessageItem, encodePushFrame, encodeSendFrame } from '../protocol/item-codec.js'

/** Up, its acceptance, and down to the receiver. */
export interface MessageSizes {
  readonly up: number
  readonly accepted: number
  readonly down: number
}

/** The sizes in a conversation that has gone on for a while: numbers of two bytes, a uid of three. */
export function typicalSizes(text: string): MessageSizes {
  const uid = 1_000_000
  const number = 1_000
  const item = encodeMessageItem({ sender: uid, device: 1, sendSeq: number, atMs: Date.now(), recipient: 0, text })
  return {
    up: encodeSendFrame(1, number, uid, text).length,
    accepted: encodeAcceptedFrame(1, number - 1, number).length,
    down: encodePushFrame(number - 1, number, false, [{ version: number, bytes: item }]).length,
  }
}
