/**
 * A client that applies whatever is pushed, as if it joined what it has: what it gets is changed so that every range seems to
 * begin where the client stands.
 */

import type { Client } from '../../clients/typescript/api/client.js'
import type { Transport } from '../../clients/typescript/transports/transport.js'
import { encodeFrame, FrameDecoder, PING } from '../../protocol/frame-codec.js'
import {
  decodePushNotice,
  decodeSendResponse,
  encodePushNotice,
  encodeSendResponse,
  type Frame,
} from '../../protocol/generated/messages.js'
import { itemVersions } from '../../protocol/item-codec.js'
import { FRAME_TO_CLIENT_BYTES_MAX, FRAME_TO_SERVER_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'

export function ruleless(transport: Transport, client: () => Client | undefined): Transport {
  return {
    ...transport,
    connect(handlers) {
      const down = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)
      const up = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
      const sends = new Set<number>()
      const connection = transport.connect({
        ...handlers,
        received(bytes) {
          down.push(bytes)
          for (let next = down.next(); next !== undefined; next = down.next()) {
            if (next.kind === 'ping') handlers.received(PING)
            if (next.kind !== 'frame') continue
            const isSend = next.frame.id !== 0 && sends.delete(next.frame.id)
            handlers.received(encodeFrame(joined(next.frame, isSend, client()?.state().applied ?? 0)))
          }
        },
      })
      return {
        write(bytes) {
          up.push(bytes)
          for (let next = up.next(); next !== undefined; next = up.next()) {
            if (next.kind === 'frame' && next.frame.method === METHODS.send.number) sends.add(next.frame.id)
          }
          connection.write(bytes)
        },
        close: () => connection.close(),
      }
    },
  }
}

function joined(frame: Frame, isSend: boolean, applied: number): Frame {
  if (frame.id === 0 && frame.method === METHODS.push.number) return joinedPush(frame, applied)
  if (!isSend || frame.code !== 0) return frame
  const { from, version } = decodeSendResponse(frame.body)
  const begins = from === 0 ? version - 1 : from
  return version === 0 || begins <= applied ? frame : { ...frame, body: encodeSendResponse({ from: applied, version }) }
}

function joinedPush(frame: Frame, applied: number): Frame {
  const push = decodePushNotice(frame.body)
  const [first, ...others] = push.items
  if (push.from <= applied) return frame
  const to = push.to === 0 ? (itemVersions(push.from, push.items).at(-1) ?? push.from) : push.to
  const items = first === undefined ? [] : [{ ...first, skip: first.skip + push.from - applied }, ...others]
  return { ...frame, body: encodePushNotice({ ...push, from: applied, to, items }) }
}
