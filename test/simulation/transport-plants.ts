/**
 * Planted bugs about changing the transport: of a client that confuses its connections, and of a short side that confuses
 * its polls. Wrapped around what the client and the node are given.
 */

import type { Client } from '../../clients/typescript/api/client.js'
import type {
  Transport,
  TransportConnection,
  TransportHandlers,
} from '../../clients/typescript/transports/transport.js'
import { encodeResponse } from '../../protocol/frame-codec.js'
import { FrameDecoder } from '../../protocol/frame-decoder.js'
import {
  decodeSendRequest,
  decodeSyncRequest,
  decodeSyncResponse,
  encodeSendResponse,
  encodeSyncRequest,
  encodeSyncResponse,
  type Frame,
  type Item,
} from '../../protocol/generated/messages.js'
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
  let shared = programs.get(client)
  if (shared === undefined) {
    shared = new Shared()
    programs.set(client, shared)
  }
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
      return new ForgetfulConnection(transport, handlers, shared)
    },
  }
}

class ForgetfulConnection implements TransportConnection {
  readonly #connection: TransportConnection
  readonly #shared: Shared
  readonly #handlers: TransportHandlers
  readonly #up = new FrameReader(FRAME_TO_SERVER_BYTES_MAX)
  readonly #down = new FrameReader(FRAME_TO_CLIENT_BYTES_MAX)
  /** The numbers behind the ids of sends. */
  readonly #asked = new Map<number, number>()

  constructor(transport: Transport, handlers: TransportHandlers, shared: Shared) {
    this.#shared = shared
    this.#handlers = handlers
    this.#connection = transport.connect({
      ...handlers,
      received: bytes => {
        for (const { id } of this.#down.read(bytes)) shared.inFlight.delete(this.#asked.get(id) ?? 0)
        handlers.received(bytes)
      },
    })
  }

  write(bytes: Uint8Array): void {
    const answered: number[] = []
    for (const { id, method, body } of this.#up.read(bytes)) {
      if (method !== METHODS.send.number) continue
      const { sendSeq } = decodeSendRequest(body)
      this.#asked.set(id, sendSeq)
      if (this.#shared.forgotten.has(sendSeq)) answered.push(id)
      else this.#shared.inFlight.add(sendSeq)
    }
    this.#connection.write(bytes)
    for (const id of answered) this.#handlers.received(encodeResponse(id, encodeSendResponse({ version: 0, from: 0 })))
  }

  close(): void {
    this.#connection.close()
  }
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

/** The frames of a stream, each with a body of its own. */
class FrameReader {
  readonly #decoder: FrameDecoder

  constructor(bytesMax: number) {
    this.#decoder = new FrameDecoder(bytesMax)
  }

  read(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = []
    this.#decoder.push(bytes)
    for (let next = this.#decoder.next(); next !== undefined; next = this.#decoder.next()) {
      if (next.kind === 'frame') frames.push({ ...next.frame, body: next.frame.body.slice() })
    }
    return frames
  }
}
