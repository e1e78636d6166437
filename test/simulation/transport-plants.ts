/** Planted bugs around what the client and the node are given: a client that confuses its connections or believes a push, polls that swallow. */

import type { Client } from '../../clients/typescript/api/client.js'
import type { Transport, TransportHandlers } from '../../clients/typescript/transports/transport.js'
import { encodeFrame, encodeResponse, PING } from '../../protocol/frame-codec.js'
import { FrameDecoder } from '../../protocol/frame-decoder.js'
import {
  decodePushNotice,
  decodeSendRequest,
  decodeSendResponse,
  decodeSyncRequest,
  decodeSyncResponse,
  encodePushNotice,
  encodeSendResponse,
  encodeSyncRequest,
  encodeSyncResponse,
  type Frame,
  type Item,
} from '../../protocol/generated/messages.js'
import { itemVersions } from '../../protocol/item-codec.js'
import { FRAME_TO_CLIENT_BYTES_MAX, FRAME_TO_SERVER_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import type { Handle } from './node.js'

type CurrentClient = () => Client | undefined

/** Of one program: what its connections, over whatever transport, wrongly share. */
class Shared {
  newest: TransportHandlers | undefined
  /** Sends that were written and not answered, by number. */
  readonly inFlight = new Set<number>()
  /** Sends that the next connection takes for answered. */
  forgotten: ReadonlySet<number> = new Set()
  transport = ''
}

/** All of a program's transports are wrapped with the same function that says its client. */
const programs = new WeakMap<CurrentClient, Shared>()

function sharedOf(client: CurrentClient): Shared {
  const shared = programs.get(client) ?? new Shared()
  programs.set(client, shared)
  return shared
}

/** An old transport's answer applied to a new request: what still comes on a connection that was left goes to the newest one. */
export function answersOfTheOld(transport: Transport, client: CurrentClient): Transport {
  const shared = sharedOf(client)
  return {
    ...transport,
    connect(handlers) {
      const frames = new FrameReader(FRAME_TO_CLIENT_BYTES_MAX)
      let isLeft = false
      shared.newest = handlers
      const connection = transport.connect({
        opened: () => handlers.opened(),
        closed: error => {
          if (!isLeft) handlers.closed(error)
        },
        received(bytes) {
          if (!isLeft) handlers.received(bytes)
          for (const frame of frames.read(bytes)) {
            const isAnswer = frame.id !== 0 && frame.method === 0
            if (isLeft && isAnswer && shared.newest !== handlers)
              shared.newest?.received(encodeResponse(frame.id, frame.body))
          }
        },
      })
      return {
        write: bytes => connection.write(bytes),
        close: () => {
          isLeft = true
        },
      }
    },
  }
}

/** A switch that forgets what was in flight: what was sent on the old transport and not answered counts as accepted. */
export function forgetfulSwitch(transport: Transport, client: CurrentClient): Transport {
  const shared = sharedOf(client)
  return {
    ...transport,
    connect(handlers) {
      if (shared.transport !== transport.name) shared.forgotten = new Set(shared.inFlight)
      shared.transport = transport.name
      shared.inFlight.clear()
      const up = new FrameReader(FRAME_TO_SERVER_BYTES_MAX)
      const down = new FrameReader(FRAME_TO_CLIENT_BYTES_MAX)
      /** The numbers behind the ids of sends. */
      const asked = new Map<number, number>()
      const connection = transport.connect({
        ...handlers,
        received(bytes) {
          for (const { id } of down.read(bytes)) shared.inFlight.delete(asked.get(id) ?? 0)
          handlers.received(bytes)
        },
      })
      return {
        write(bytes) {
          connection.write(bytes)
          for (const { id, body } of up.read(bytes).filter(isSend)) {
            const { sendSeq } = decodeSendRequest(body)
            asked.set(id, sendSeq)
            if (!shared.forgotten.has(sendSeq)) shared.inFlight.add(sendSeq)
            else handlers.received(encodeResponse(id, encodeSendResponse({ version: 0, from: 0 })))
          }
        },
        close: () => connection.close(),
      }
    },
  }
}

/** A push applied without the rule: what comes is changed so that every range seems to begin where the client stands. */
export function ruleless(transport: Transport, client: CurrentClient): Transport {
  return {
    ...transport,
    connect(handlers) {
      const up = new FrameReader(FRAME_TO_SERVER_BYTES_MAX)
      const down = new FrameReader(FRAME_TO_CLIENT_BYTES_MAX, () => handlers.received(PING))
      const sends = new Set<number>()
      const connection = transport.connect({
        ...handlers,
        received(bytes) {
          for (const frame of down.read(bytes)) {
            const applied = client()?.state().applied ?? 0
            const isPush = frame.id === 0 && frame.method === METHODS.push.number
            const isAccepted = sends.delete(frame.id) && frame.code === 0
            const body = isPush ? joinedPush(frame, applied) : isAccepted ? joinedSend(frame, applied) : frame.body
            handlers.received(encodeFrame({ ...frame, body }))
          }
        },
      })
      return {
        write(bytes) {
          for (const { id } of up.read(bytes).filter(isSend)) sends.add(id)
          connection.write(bytes)
        },
        close: () => connection.close(),
      }
    },
  }
}

function joinedSend({ body }: Frame, applied: number): Uint8Array {
  const { from, version } = decodeSendResponse(body)
  const begins = from === 0 ? version - 1 : from
  return version === 0 || begins <= applied ? body : encodeSendResponse({ from: applied, version })
}

function joinedPush({ body }: Frame, applied: number): Uint8Array {
  const push = decodePushNotice(body)
  if (push.from <= applied) return body
  const to = push.to === 0 ? (itemVersions(push.from, push.items).at(-1) ?? push.from) : push.to
  return encodePushNotice({ ...push, from: applied, to, items: moved(push.items, push.from - applied) })
}

/** A poll that swallows a push: what one was answered with counts as told, whether its client got it or had given it up. */
export function swallowingPolls(handle: Handle): Handle {
  const told = new Map<string, number>()
  return (request, body, reply) => {
    const token = request.headers.authorization ?? ''
    if (!request.path.endsWith('/Sync')) return handle(request, body, reply)
    const sync = decodeSyncRequest(body)
    if (sync.attempt === 0) return handle(request, body, reply)
    const since = Math.max(sync.since, told.get(token) ?? 0)
    return handle(request, encodeSyncRequest({ ...sync, since }), answer => {
      if (answer.status !== 200) {
        reply(answer)
        return
      }
      const page = decodeSyncResponse(answer.body)
      told.set(token, page.to)
      reply({ ...answer, body: encodeSyncResponse({ ...page, items: moved(page.items, since - sync.since) }) })
    })
  }
}

/** Items of a page that begins so much lower. */
function moved([first, ...others]: readonly Item[], by: number): Item[] {
  return first === undefined ? [] : [{ ...first, skip: first.skip + by }, ...others]
}

function isSend({ method }: Frame): boolean {
  return method === METHODS.send.number
}

/** The frames of a stream, each with a body of its own. */
class FrameReader {
  readonly #decoder: FrameDecoder
  readonly #onPing: () => void

  constructor(bytesMax: number, onPing: () => void = () => {}) {
    this.#decoder = new FrameDecoder(bytesMax)
    this.#onPing = onPing
  }

  read(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = []
    this.#decoder.push(bytes)
    for (let next = this.#decoder.next(); next !== undefined; next = this.#decoder.next()) {
      if (next.kind === 'ping') this.#onPing()
      if (next.kind === 'frame') frames.push({ ...next.frame, body: next.frame.body.slice() })
    }
    return frames
  }
}
