/** Turns an upgrade request into a WebSocket, and that into a connection: the handshake, by ws. */

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { FRAME_TO_SERVER_BYTES_MAX, LENGTH_BYTES_MAX } from '../../protocol/limits.js'
import { LINGER_MS } from '../connection/connection-state.js'
import type { ConnectionContext } from '../connection/context.js'
import { serveWebSocket, type WebSocketClient } from './web-socket.js'

export const WEB_SOCKET_PATH = '/ws'

/** Pieces of one message: browsers send a message in one, a proxy may cut it into a few. */
const FRAGMENTS_MAX = 1_024

const OPTIONS = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false, // zlib per connection costs hundreds of KiB
  maxPayload: FRAME_TO_SERVER_BYTES_MAX + LENGTH_BYTES_MAX, // the longest frame, with its length
  maxFragments: FRAGMENTS_MAX,
  autoPong: false, // web-socket.ts answers pings, with a bound
  closeTimeout: LINGER_MS,
  handleProtocols: () => false as const,
}

export class WebSocketUpgrade {
  readonly #context: ConnectionContext
  readonly #server = new WebSocketServer(OPTIONS)

  constructor(context: ConnectionContext) {
    this.#context = context
  }

  /** Takes a socket over whose address was admitted. A handshake that is none is refused with its status. */
  accept(request: IncomingMessage, socket: Socket, head: Buffer, client: WebSocketClient): void {
    const context = this.#context
    const { address } = client
    const release = (): void => context.gate.release(address, socket)
    socket.on('close', release)
    this.#server.handleUpgrade(request, socket, head, webSocket => {
      socket.off('close', release)
      serveWebSocket(context, webSocket, socket, client)
    })
  }
}
